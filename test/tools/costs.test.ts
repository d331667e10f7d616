import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { reportCost } from "../../src/graphkit.ts";
import { calling } from "../graphs/support.ts";
import { type Loose, okJson } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { done } from "../support/graphs/tooled.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { ASKED, resultsIn, tooled } from "./support.ts";

const fine = fake.text("fine");
const pay = (...texts: string[]): fake.Answer =>
  calling(...texts.map((text): [string, object] => ["pay", { text }]));

beforeEach(() => void (done.length = 0));

async function paying(it: Awaited<ReturnType<typeof tooled>>) {
  const { thread_id } = await it.client.threads.create();
  const wait = async (payload: object): Promise<Loose> =>
    await it.client.runs.wait(thread_id, "tooled", payload);
  const rows = async (): Promise<Loose[]> => {
    const text = await (await it.server.get("/usage/export?format=jsonl")).text();
    const lines = text
      .split("\n")
      .filter(Boolean)
      .map((line): Loose => JSON.parse(line));
    return lines.filter(({ kind }) => kind === "tool");
  };
  return { wait, rows };
}

const budget = (it: Awaited<ReturnType<typeof tooled>>, amount: number) =>
  okJson(
    it.server.post("/budgets", { scope: "model", subject: "tool:pay", currency: "USD", amount }),
  );

describe("the cost of a tool", () => {
  it("is a row of the ledger: what it reports, else what it declares, nothing where it failed", async () => {
    await using it = await tooled([pay("5+7", "much", "broken", "0"), fine]);
    const { wait, rows } = await paying(it);
    const results = resultsIn(await wait({ input: ASKED }));
    const row = { model_id: "tool:pay", currency: "USD", units: 1, prompt_tokens: 0 };
    const kept = await rows();
    expect(kept).toEqual(kept.map(() => expect.objectContaining(row)));
    expect(new Set(kept.map(({ cost_micros, status }) => `${status} ${cost_micros}`))).toEqual(
      new Set(["success 12", "success 1000", "error 0", "success 0"]),
    );
    expect(results[0]?.response_metadata.kagari).toMatchObject({
      cost_micros: 12,
      currency: "USD",
    });
  });

  it("is held against the budgets before the call: over budget the run pauses, and goes on", async () => {
    await using it = await tooled([pay("900"), fine]);
    await budget(it, 0.0009);
    const { wait, rows } = await paying(it);
    const asked = await wait({ input: ASKED });
    expect(asked.__interrupt__).toMatchObject([
      {
        value: { type: "budget_exceeded", message: expect.stringContaining("a call of tool pay") },
      },
    ]);
    expect(done).toEqual([]);
    expect((await wait({ command: { resume: true } })).__interrupt__).toHaveLength(1);
    await budget(it, 0.001);
    const end = await wait({ command: { resume: true } });
    expect(resultsIn(end)).toMatchObject([{ content: "paid 900" }]);
    expect((await rows()).map(({ cost_micros }) => cost_micros)).toEqual([900]);
    expect(done).toEqual(["900"]);
  });

  it("gives back what was held and not spent", async () => {
    await using it = await tooled([pay("1"), pay("2"), pay("3"), fine]);
    await budget(it, 0.0011);
    const { wait } = await paying(it);
    expect(resultsIn(await wait({ input: ASKED })).map(({ content }) => content)).toEqual([
      "paid 1",
      "paid 2",
      "paid 3",
    ]);
  });

  it("is asked for after a human agreed to the call, and neither answer is taken for the other", async () => {
    await using it = await tooled([pay("900"), fine]);
    await budget(it, 0.0005);
    const { wait } = await paying(it);
    const context = { tool_policy: { pay: "ask" } };
    const asked = await wait({ input: ASKED, context });
    expect(asked.__interrupt__[0].value.action_requests).toMatchObject([{ name: "pay" }]);
    const resume = { decisions: [{ type: "approve" }] };
    const over = await wait({ command: { resume }, context });
    expect(over.__interrupt__[0].value.type).toBe("budget_exceeded");
    expect(done).toEqual([]);
    await budget(it, 0.005);
    const end = await wait({ command: { resume: true }, context });
    expect(resultsIn(end)).toMatchObject([{ content: "paid 900" }]);
    expect(done).toEqual(["900"]);
  });

  it("may be set by the operator, for any tool", async () => {
    using folder = tempFolder();
    const tools_file = join(folder.path, "tools.json");
    const prices = [{ tool: "no*", cost: 0.002, currency: "CNY" }];
    writeFileSync(tools_file, JSON.stringify({ prices }));
    await using it = await tooled([calling(["note", { text: "a" }]), fine], {
      settings: { tools_file },
    });
    const { wait, rows } = await paying(it);
    await wait({ input: ASKED });
    expect(await rows()).toMatchObject([
      { model_id: "tool:note", cost_micros: 2000, currency: "CNY" },
    ]);
  });

  it("is said in a tool only", () => {
    expect(() => reportCost({ micros: 1, currency: "USD" })).toThrow("reportCost is for tools");
  });
});
