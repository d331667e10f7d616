import { describe, expect, it } from "vitest";
import type { Client } from "@langchain/langgraph-sdk";
import { calling } from "../graphs/support.ts";
import type { Loose } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { lingering, stopped } from "../support/graphs/tooled.ts";
import { OWN_GRAPHS } from "../support/test-server.ts";
import { ASKED, LONG_POLL, resultsIn, tooled } from "./support.ts";

const LONG = 2_000_000;
const settings = { tool_result_characters: 1000 };

/** Runs one call of a tool, and answers its result and all that the checkpoints hold. */
async function called(name: string, args: object) {
  await using it = await tooled([calling([name, args]), fake.text("fine")], { settings });
  const { thread_id } = await it.client.threads.create();
  const values: Loose = await it.client.runs.wait(thread_id, "tooled", { input: ASKED });
  const history = await it.client.threads.getHistory(thread_id);
  const [result] = resultsIn(values);
  const file = result?.additional_kwargs.kept_result ?? result?.artifact?.kept_result;
  const whole = file && (await it.server.get(file.url));
  return {
    result,
    answer: values.messages.at(-1).content,
    stored: JSON.stringify(history).length,
    sent: JSON.stringify(it.provider.lastBody),
    whole: whole && { type: whole.headers.get("content-type"), text: await whole.text() },
  };
}

describe("limits of tool calls", () => {
  it("tells the model of a tool that hangs, and tells the tool to stop", async () => {
    const { result, answer } = await called("hang", { text: "a" });
    expect(result).toMatchObject({
      status: "error",
      content: expect.stringContaining("hang did not answer within 0.01 s"),
    });
    expect(answer).toBe("fine");
    expect(stopped).toEqual([
      expect.objectContaining({ message: expect.stringContaining("hang") }),
    ]);
  });

  it("tells the model of a tool that throws, in words that are no longer than a result", async () => {
    const { result, answer, stored } = await called("fail", { length: LONG });
    expect(result).toMatchObject({
      status: "error",
      content: expect.stringContaining("0123456789"),
    });
    expect(result.content.length).toBeLessThan(1200);
    expect(answer).toBe("fine");
    expect(stored).toBeLessThan(30_000);
  });

  it.each(["flood", "flood_by_command"])(
    "gives the beginning of a long result of %s and keeps the whole as a file",
    async (name) => {
      const { result, stored, sent, whole } = await called(name, { length: LONG });
      expect(result.content).toMatch(/^(?:0123456789){100}\n\[The result has 2000000 characters/);
      expect(whole).toEqual({ type: "text/plain", text: "0123456789".repeat(LONG / 10) });
      expect(stored).toBeLessThan(30_000);
      expect(sent).toContain("read_result");
    },
  );

  it("keeps large pictures and artifacts as files", async () => {
    const { result, stored, whole } = await called("paint", { length: LONG });
    expect(result.content).toMatch(
      /^a picture\n\[image\/png, 2000000 bytes, kept as file [^ ]+: \/files\/[^ ]+\]$/,
    );
    expect(whole?.type).toBe("application/json");
    expect(stored).toBeLessThan(30_000);
  });

  it("keeps a long result as long as its thread", async () => {
    await using it = await tooled([calling(["flood", { length: 1001 }]), fake.text("fine")], {
      settings,
    });
    const { thread_id } = await it.client.threads.create();
    const values = await it.client.runs.wait(thread_id, "tooled", { input: ASKED });
    const { url } = resultsIn(values)[0]?.["additional_kwargs"].kept_result ?? {};
    expect((await it.server.get(url)).status).toBe(200);
    await it.client.threads.delete(thread_id);
    await expect.poll(async () => (await it.server.get(url)).status, LONG_POLL).toBe(404);
  });

  it("offers nothing to read on with where no result was too long", async () => {
    const { result, sent } = await called("flood", { length: 1000 });
    expect(result.content).toHaveLength(1000);
    expect(sent).not.toContain("read_result");
  });

  it("stops a call whose run is cancelled, and keeps nothing of what it says to that", async () => {
    await using it = await tooled([calling(["linger", { text: "b" }])], {
      settings: { tool_timeout_seconds: 0 },
    });
    const { thread_id } = await it.client.threads.create();
    const { run_id } = await it.client.runs.create(thread_id, "tooled", { input: ASKED });
    await lingering.promise;
    await it.client.runs.cancel(thread_id, run_id, true);
    expect(stopped).toContain("linger");
    const { values, next }: Loose = await it.client.threads.getState(thread_id);
    expect(resultsIn(values)).toEqual([]);
    expect(next).toEqual(["tools"]);
  });
});

describe("read_result", () => {
  const [flood, done] = [calling(["flood", { length: 2500 }]), fake.text("fine")];

  it("pages through a long result", async () => {
    const read =
      (offset: number): fake.Answer =>
      (response, request) => {
        const [, id = ""] = /kept as file ([\w-]+)/.exec(JSON.stringify(request.body)) ?? [];
        calling(["read_result", { id, offset }])(response, request);
      };
    await using it = await tooled([flood, read(1000), read(2000), read(9000), done], { settings });
    const { thread_id } = await it.client.threads.create();
    const values = await it.client.runs.wait(thread_id, "tooled", { input: ASKED });
    const pages = resultsIn(values).map(({ content }) => content);
    expect(pages.slice(1)).toEqual([
      `${"0123456789".repeat(100)}\n[Characters 1000 to 2000 of 2500. Go on at offset 2000.]`,
      `${"0123456789".repeat(50)}\n[Characters 2000 to 2500 of 2500. This is its end.]`,
      "[The result ends at character 2500.]",
    ]);
  });

  it("reads nothing that was made in the thread of another owner", async () => {
    await using it = await tooled([flood, done], { settings });
    const [ann, bob] = [await it.clientOf("ann"), await it.clientOf("bob")];
    const ask = async (client: Client) => {
      const { thread_id } = await client.threads.create();
      return resultsIn(await client.runs.wait(thread_id, "tooled", { input: ASKED })).at(-1);
    };
    const { id }: Loose = (await ask(ann))?.["additional_kwargs"].kept_result ?? {};
    const reading = [flood, calling(["read_result", { id, offset: 2000 }]), done];
    it.answer(...reading);
    expect(await ask(bob)).toMatchObject({ status: "error" });
    it.answer(...reading);
    expect((await ask(ann))?.content).toContain("of 2500. This is its end.");
  });

  it("is offered by the chat graph in a conversation with a long result", async () => {
    await using it = await tooled([done], { langgraph: OWN_GRAPHS });
    const kept = { id: "f", url: "/files/f", characters: 9 };
    const offered = async (additional_kwargs: object) => {
      const call = { name: "clock", args: {}, id: "c" };
      const result = { type: "tool", tool_call_id: "c", content: "0", additional_kwargs };
      const messages = [{ type: "ai", content: "", tool_calls: [call] }, result];
      await it.client.runs.wait(null, "chat", { input: { messages } });
      return JSON.stringify(it.provider.lastBody["tools"]).includes("read_result");
    };
    expect(await offered({ kept_result: kept })).toBe(true);
    expect(await offered({})).toBe(false);
  });
});
