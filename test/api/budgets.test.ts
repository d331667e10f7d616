import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  human,
  newThread,
  okJson,
  refusal,
  runOf,
  runWait,
  startRun,
  threadOf,
} from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, testServer, type TestServer } from "../support/test-server.ts";

let folder: ReturnType<typeof tempFolder>;
let provider: fake.FakeProvider;
let server: TestServer;

beforeEach(async () => {
  folder = tempFolder();
  provider = await fake.fakeProvider(fake.text("hello"));
  const shared = { model: "fake", url: provider.url, api_key: "key-of-the-provider" };
  const priced = { ...shared, pay_in: 1, pay_out: 10, out_tokens: 100, currency: "CNY" };
  const files = {
    yuan: priced,
    dollar: { ...priced, currency: "USD" },
    capped: { ...priced, budget: { per_run: 0.0005 } },
    spare: { ...priced, budget: { per_day: 0, on_exceed: "fallback" }, fallbacks: ["yuan"] },
    unpriced: { ...shared, currency: "CNY", out_tokens: 100 },
  };
  for (const [name, fields] of Object.entries(files))
    writeFileSync(join(folder.path, `${name}.json`), JSON.stringify(fields));
  server = await testServer({
    langgraph: OWN_GRAPHS,
    settings: { models_dir: folder.path, default_model: "yuan" },
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** One chat call costs 81 millionths: 11 tokens at 1 and 7 at 10; it may cost a little over 1000. */
const COST = 81;

const asking = (model: string) => ({
  assistant_id: "chat",
  input: human("hi"),
  context: { model, tools: [] },
});

const setBudget = (body: object) =>
  okJson(server.post("/budgets", { scope: "server", currency: "CNY", amount: 0.0001, ...body }));

describe("a run over budget", () => {
  it("pauses at an interrupt that says what is missing, and goes on once there is more", async () => {
    await setBudget({});
    const thread = await newThread(server);
    const { __interrupt__: asked } = await runWait(server, thread, asking("yuan"));
    expect(asked).toMatchObject([
      {
        value: {
          type: "budget_exceeded",
          message: expect.stringMatching(/^Over budget: the budget of the server is 0\.0001 CNY/),
          currency: "CNY",
          limit_micros: 100,
          spent_micros: 0,
          model: "yuan",
        },
      },
    ]);
    expect(provider.requests).toHaveLength(0);
    expect((await threadOf(server, thread)).status).toBe("interrupted");

    const again = await runWait(server, thread, { ...asking("yuan"), command: { resume: true } });
    expect(again.__interrupt__).toHaveLength(1);
    expect(provider.requests).toHaveLength(0);

    await setBudget({ amount: 1 });
    const { messages, __interrupt__ } = await runWait(server, thread, {
      ...asking("yuan"),
      input: null,
      command: { resume: true },
    });
    expect(__interrupt__).toBeUndefined();
    expect(messages.at(-1).content).toBe("hello");
    const [budget] = await okJson(server.get("/budgets"));
    const { spends } = await okJson(server.get(`/budgets/${budget.budget_id}`));
    expect(spends).toEqual([{ subject: "", period: "total", spent_micros: COST, held_micros: 0 }]);
  });

  it("answers only its own question: the next one of the graph is still asked", async () => {
    await setBudget({});
    const thread = await newThread(server);
    const approving = { assistant_id: "approval", context: { model: "yuan" } };
    const first = await runWait(server, thread, { ...approving, input: human("hi") });
    expect(first.__interrupt__[0].value.type).toBe("budget_exceeded");
    await setBudget({ amount: 1 });
    const second = await runWait(server, thread, { ...approving, command: { resume: true } });
    expect(second.__interrupt__?.[0]?.value?.type).not.toBe("budget_exceeded");
  });

  it.each([
    ["an owner's", { scope: "owner", subject: "nobody" }, false],
    ["each run's", { scope: "run", per: "run" }, true],
    ["each assistant's, by day", { scope: "assistant", per: "day" }, true],
    ["a model's", { scope: "model", subject: "yuan", per: "month" }, true],
    ["another model's", { scope: "model", subject: "dollar" }, false],
  ])("knows %s budget", async (_, body, isOver) => {
    await setBudget(body);
    const answer = await runWait(server, await newThread(server), asking("yuan"));
    expect(answer.__interrupt__ !== undefined).toBe(isOver);
  });

  it.each([
    ["day", "86400"],
    ["month", String(31 * 86_400)],
    ["total", null],
  ])("tells an OpenAI client when a budget per %s begins anew", async (per, seconds) => {
    await setBudget({ per });
    const body = { model: "yuan", messages: human("hi").messages };
    const answer = await server.post("/v1/chat/completions", body);
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe(seconds);
  });

  it("heeds the budget in the model's file", async () => {
    const answer = await runWait(server, await newThread(server), asking("capped"));
    expect(answer.__interrupt__[0].value).toMatchObject({ limit_micros: 500, model: "capped" });
  });

  it("asks a fallback where the model's file says so", async () => {
    const { messages } = await runWait(server, await newThread(server), asking("spare"));
    expect(messages.at(-1).response_metadata.model_id).toBe("yuan");
  });

  it("never adds unlike currencies", async () => {
    await setBudget({ amount: 1 });
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, asking("dollar"));
    await server.get(`/threads/${thread}/runs/${run_id}/join`).then((response) => response.text());
    expect((await runOf(server, thread, run_id)).error).toMatchObject({
      error: "insufficient_quota",
      message: expect.stringContaining("exchange_rates"),
    });
  });

  it("holds an estimate where no price is known, never nothing", async () => {
    await setBudget({});
    const over = await runWait(server, await newThread(server), asking("unpriced"));
    expect(over.__interrupt__[0].value.needed_micros).toBeGreaterThan(1000);
    await setBudget({ amount: 1 });
    await runWait(server, await newThread(server), asking("unpriced"));
    const [budget] = await okJson(server.get("/budgets"));
    const { spends } = await okJson(server.get(`/budgets/${budget.budget_id}`));
    expect(spends).toMatchObject([{ spent_micros: 180, held_micros: 0 }]);
  });

  it("spends no more than there is, however many runs there are at once", async () => {
    await setBudget({ amount: 0.01 });
    const answers = await Promise.all(
      Array.from({ length: 40 }, async () =>
        runWait(server, await newThread(server), asking("yuan")),
      ),
    );
    const paid = answers.filter(({ __interrupt__ }) => __interrupt__ === undefined).length;
    expect(paid).toBe(provider.requests.length);
    expect(paid).toBeGreaterThan(0);
    const [budget] = await okJson(server.get("/budgets"));
    const { spends } = await okJson(server.get(`/budgets/${budget.budget_id}`));
    expect(spends).toMatchObject([{ spent_micros: paid * COST, held_micros: 0 }]);
    expect(spends[0].spent_micros).toBeLessThanOrEqual(10_000);
  });
});

describe("/budgets", () => {
  it("sets, shows and lifts them", async () => {
    const made = await setBudget({ scope: "key", subject: "k", per: "day", amount: 2.5 });
    expect(made).toMatchObject({ scope: "key", subject: "k", per: "day", amount: 2.5 });
    expect(await okJson(server.get("/budgets"))).toEqual([made]);
    expect((await server.del(`/budgets/${made.budget_id}`)).status).toBe(204);
    await refusal(server.get(`/budgets/${made.budget_id}`), 404);
    expect(await okJson(server.get("/budgets"))).toEqual([]);
  });

  it.each([
    { scope: "world" },
    { amount: -1 },
    { amount: 1e10 },
    { currency: "yuan" },
    { per: "week" },
    { subject: "x" },
  ])("refuses %j", async (body) => {
    const asked = { scope: "server", currency: "CNY", amount: 1, ...body };
    const { code } = await refusal(server.post("/budgets", asked), 422);
    expect(code).toBe("validation");
  });
});
