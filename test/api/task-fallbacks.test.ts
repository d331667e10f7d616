import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { okJson, type Loose } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

const SECOND = 1000;
const WORDS = { messages: [{ role: "user", content: "hi" }] };
const TOOLS = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
const OVERLOADED = { error: { code: "1305", message: "too many" } };

const ZHIPU = { dialect: "zhipu", retries: 0, poll: { interval: 2, max_wait: 60 } };
const MODELS = {
  first: { ...ZHIPU, pay_in: 1, pay_out: 1, fallbacks: ["second", "simple", "third"] },
  second: { ...ZHIPU, pay_in: 2, pay_out: 2 },
  simple: { retries: 0, capabilities: { tools: false } },
  third: { retries: 0, pay_in: 3, pay_out: 3 },
  strict: { ...ZHIPU, fallbacks: ["third"], fallback_on: ["content"] },
  spent: {
    ...ZHIPU,
    fallbacks: ["third"],
    pay_out: 1e6,
    budget: { per_day: 1, on_exceed: "fallback" },
  },
};

const taken = fake.json({ id: "p1", task_status: "PROCESSING" });
const busy = fake.json(OVERLOADED, { status: 429 });
const ended = fake.json({
  id: "p1",
  task_status: "SUCCESS",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "later" } }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});
const failed = fake.json({ task_status: "FAIL", error: { code: "500", message: "it broke" } });

const answers: fake.Answer[] = [];
let provider: fake.FakeProvider;
let server: TestServer;
let folder: ReturnType<typeof tempFolder>;
beforeEach(async () => {
  answers.length = 0;
  provider = await fake.fakeProvider((response, request) => {
    const answer = answers.shift() ?? fake.json({ message: "unexpected" }, { status: 400 });
    answer(response, request);
  });
  folder = tempFolder();
  for (const [id, fields] of Object.entries(MODELS)) {
    const model = { model: `${id}-1`, url: provider.url, api_key: "k", currency: "CNY", ...fields };
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify(model));
  }
  server = await testServer({ settings: { models_dir: folder.path, default_model: "first" } });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Submits a task, and lets the server go on with it once for each of these times that pass. */
async function after(waits: number[], model: string, input: object = WORDS): Promise<Loose> {
  const { task_id } = await okJson(server.post("/tasks", { kind: "chat", model, input }));
  for (const ms of waits) {
    server.advance(ms);
    await server.ctx.background.tick();
  }
  return okJson(server.get(`/tasks/${task_id}`));
}

const asked = () => provider.requests.map(({ body }) => body["model"]).filter(Boolean);

describe("a chat whose provider will not take it as a task", () => {
  it("is submitted to the fallback, looked after there, and both are in the ledger", async () => {
    answers.push(busy, taken, ended);
    const task = await after([0, 0, 2 * SECOND], "first");
    expect(task).toMatchObject({
      status: "success",
      model: "first",
      fallback: {
        model: "second",
        tried: [{ model: "first", reason: expect.stringMatching(/too many/) }],
      },
      result: { choices: [{ message: { content: "later" } }] },
    });
    expect(asked()).toEqual(["first-1", "second-1"]);
    const { rows } = await okJson(server.get("/usage?group_by=model"));
    expect(rows).toMatchObject([
      { model: "second", calls: 1, failed_calls: 0, cost_micros: 4 },
      { model: "first", calls: 1, failed_calls: 1, cost_micros: 0 },
    ]);
  });

  it("is answered at once by a fallback that has no tasks, one without tools passed over", async () => {
    answers.push(busy, busy, fake.completion({ content: "at once" }));
    const task = await after([0, 0, 0], "first", { ...WORDS, tools: TOOLS });
    expect(task).toMatchObject({
      status: "success",
      provider_task_id: null,
      fallback: {
        model: "third",
        tried: [
          { model: "first" },
          { model: "second" },
          { model: "simple", reason: expect.stringMatching(/no tools/) },
        ],
      },
      result: { choices: [{ message: { content: "at once" } }] },
    });
    expect(asked()).toEqual(["first-1", "second-1", "third-1"]);
  });

  it("ends with its first failure, and what became of the others, when none answers", async () => {
    answers.push(busy, busy, busy, busy);
    const task = await after([0, 0, 0, 0], "first");
    expect(task).toMatchObject({ status: "error", result: null });
    expect(task.error).toMatch(/first.*too many.*no fallback answered: second:.*simple:.*third:/s);
    expect(asked()).toHaveLength(4);
  });

  it("falls back only as the model's file says", async () => {
    answers.push(busy);
    expect(await after([0, 0], "strict")).toMatchObject({ status: "error", fallback: null });
    answers.push(fake.json({ error: { code: "1301", message: "unsafe" } }, { status: 400 }));
    answers.push(fake.completion({ content: "harmless" }));
    expect(await after([0, 0], "strict")).toMatchObject({ status: "success" });
  });
});

describe("a chat that a provider took", () => {
  it.each([
    ["fails", [failed], [0, 2 * SECOND, 0], /it broke/],
    ["is not done in time", [taken], [0, 60 * SECOND, 0], /within 60 seconds/],
  ])("goes to the fallback when it %s", async (_, looks, waits, reason) => {
    answers.push(taken, ...looks, taken, ended);
    const task = await after([...waits, 2 * SECOND], "first");
    expect(task).toMatchObject({
      status: "success",
      fallback: {
        model: "second",
        tried: [{ model: "first", reason: expect.stringMatching(reason) }],
      },
    });
  });

  it("goes to the fallback of a model that has spent its budget, unasked", async () => {
    answers.push(fake.completion({ content: "cheap" }));
    expect(await after([0, 0], "spent")).toMatchObject({
      status: "success",
      fallback: { model: "third" },
    });
    expect(asked()).toEqual(["third-1"]);
  });
});
