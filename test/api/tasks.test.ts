import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NOBODY, okJson, refusal, type Loose } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { hookReceiver } from "../support/hook-receiver.ts";
import { PIXEL } from "../support/provider-shapes/image.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

const SECOND = 1000;
const CHAT = { kind: "chat", model: "glm", input: { messages: [{ role: "user", content: "hi" }] } };
const IMAGE = { kind: "image", model: "cogview", input: { prompt: "a cat" } };
const USAGE = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };

const PRICED = { api_key: "task-test-key", pay_in: 2, pay_out: 3, retries: { max: 2, base_ms: 1 } };
const MODELS = {
  glm: { ...PRICED, model: "glm-4", dialect: "zhipu", poll: { interval: 2, max_wait: 60 } },
  cogview: { ...PRICED, model_type: "image", model: "cogview-4", dialect: "zhipu", pay_image: 0.5 },
  wan: { ...PRICED, model_type: "image", model: "wan2.2-t2i-flash", dialect: "dashscope" },
  dear: {
    ...PRICED,
    model_type: "image",
    model: "cogview-4",
    dialect: "zhipu",
    pay_image: 5,
    budget: { per_day: 1 },
  },
  plain: { ...PRICED, model: "plain" },
};

const answers: fake.Answer[] = [];
const next = (...list: fake.Answer[]) => answers.push(...list);
const taken = fake.json({ id: "p1", request_id: "r", task_status: "PROCESSING" });
const working = fake.json({ id: "p1", task_status: "PROCESSING" });
const said = (content: string, task_status = "SUCCESS"): fake.Answer =>
  fake.json({
    id: "p1",
    model: "glm-4",
    task_status,
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
    usage: USAGE,
  });
const painted = fake.json({
  task_status: "SUCCESS",
  image_result: [{ url: `data:image/png;base64,${PIXEL.toString("base64")}` }],
});

let provider: fake.FakeProvider;
let server: TestServer;
let folder: ReturnType<typeof tempFolder>;
beforeEach(async () => {
  answers.length = 0;
  provider = await fake.fakeProvider((response, request) => {
    const answer =
      answers.shift() ?? fake.json({ message: "nothing is expected" }, { status: 400 });
    answer(response, request);
  });
  folder = tempFolder();
  for (const [id, fields] of Object.entries(MODELS))
    writeFileSync(
      join(folder.path, `${id}.json`),
      JSON.stringify({ url: provider.url, ...fields }),
    );
  server = await open();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const open = (settings: object = {}) =>
  testServer({ settings: { models_dir: folder.path, default_model: "glm", ...settings } });

const submit = (body: object): Promise<Loose> => okJson(server.post("/tasks", body));
const taskOf = (id: string): Promise<Loose> => okJson(server.get(`/tasks/${id}`));
const paths = () => provider.requests.map(({ path }) => path);
const tick = async (ms = 0) => {
  server.advance(ms);
  await server.ctx.background.tick();
};
const callsOf = async (api: TestServer): Promise<Loose> =>
  (await okJson(api.get("/usage?group_by=model"))).rows;
const calls = () => callsOf(server);

describe("a task", () => {
  it("is submitted once, looked after ever less often, and ends with its answer and its price", async () => {
    next(taken, working, fake.json({ message: "busy" }, { status: 503 }), said("hello"));
    const task = await submit({ ...CHAT, metadata: { a: 1 } });
    expect(task).toMatchObject({ status: "pending", model: "glm", metadata: { a: 1 } });
    await tick();
    expect(await taskOf(task.task_id)).toMatchObject({ status: "running", provider_task_id: "p1" });
    expect(provider.requests[0]).toMatchObject({
      path: "/v1/async/chat/completions",
      body: { model: "glm-4", messages: CHAT.input.messages, request_id: task.task_id },
    });
    await tick(1999);
    expect(paths()).toHaveLength(1);
    await tick(1);
    await tick(2999);
    expect(paths()).toHaveLength(2);
    await tick(1);
    await tick(5 * SECOND);
    expect(paths().slice(1)).toEqual(Array(3).fill("/v1/async-result/p1"));
    const ended = await taskOf(task.task_id);
    expect(ended).toMatchObject({
      status: "success",
      result: {
        object: "chat.completion",
        choices: [{ message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
        usage: { prompt_tokens: 11, completion_tokens: 7 },
      },
    });
    await tick(60 * SECOND);
    expect(paths()).toHaveLength(4);
    expect(await calls()).toMatchObject([
      { model: "glm", calls: 1, cost_micros: 11 * 2 + 7 * 3, prompt_tokens: 11 },
    ]);
  });

  it("of an image keeps it as a file before it ends, and tells its webhook", async () => {
    await using hooks = await hookReceiver();
    await using own = await open({ webhook_allowed_hosts: hooks.host });
    next(taken, painted);
    const asked = { ...IMAGE, webhook: hooks.url, metadata: { order: 7 } };
    const { task_id } = await okJson(own.post("/tasks", asked));
    await own.ctx.background.tick();
    own.advance(2 * SECOND);
    await own.ctx.background.tick();
    await hooks.count(1);
    const task = await okJson(own.get(`/tasks/${task_id}`));
    expect(hooks.received[0]?.body).toMatchObject({ task_id, status: "success" });
    expect(hooks.received[0]?.body.result).toEqual(task.result);
    const [image] = task.result.images;
    const file = await own.get(image.url);
    expect(Buffer.from(await file.arrayBuffer())).toEqual(PIXEL);
    const [kept] = await okJson(own.get("/files"));
    expect(kept).toMatchObject({ file_id: image.file_id, metadata: { order: 7 } });
    const [delivery] = await okJson(own.get("/webhooks/deliveries"));
    expect(delivery).toMatchObject({ task_id, run_id: null, status: "delivered" });
    expect(await callsOf(own)).toMatchObject([{ model: "cogview", calls: 1, units: 1 }]);
    expect((await callsOf(own))[0].cost_micros).toBeGreaterThanOrEqual(500_000);
  });

  it.each([
    ["FAIL", "error", "not allowed"],
    ["FAILED", "error", "not allowed"],
    ["CANCELED", "cancelled", "ended its task as cancelled"],
    ["CANCELLED", "cancelled", "ended its task as cancelled"],
  ])("that ends as %s there is %s here", async (word, status, message) => {
    next(taken, fake.json({ task_status: word, error: { message: "not allowed" } }));
    const { task_id } = await submit(CHAT);
    await tick();
    await tick(2 * SECOND);
    const task = await taskOf(task_id);
    expect(task).toMatchObject({ status, error: expect.stringContaining(message), result: null });
    expect(await calls()).toMatchObject([{ calls: 1, failed_calls: 1, cost_micros: 0 }]);
  });

  it("whose time is over is an error, and called off where that can be done", async () => {
    const running = fake.json({ output: { task_id: "w", task_status: "RUNNING" } });
    next(...Array<fake.Answer>(40).fill(running));
    const { task_id } = await submit({ ...IMAGE, model: "wan" });
    await tick();
    for (let n = 0; n < 30; n++) await tick(30 * SECOND);
    expect(await taskOf(task_id)).toMatchObject({
      status: "error",
      error: "The provider did not end the task within 600 seconds",
    });
    expect(paths().at(-1)).toMatch(/\/tasks\/w\/cancel$/);
    expect(paths().length).toBeLessThan(30);
  });

  it("that a provider refuses ends, and one that it is too busy for is submitted again", async () => {
    next(fake.json({ error: { code: "1214", message: "bad prompt" } }, { status: 400 }));
    const refused = await submit(CHAT);
    await tick();
    expect(await taskOf(refused.task_id)).toMatchObject({
      status: "error",
      error: expect.stringContaining("bad prompt"),
    });
    const busy = fake.json({ error: { code: "1302", message: "slow down" } }, { status: 429 });
    next(busy, busy, taken);
    const { task_id } = await submit(CHAT);
    for (let n = 0; n < 3; n++) await tick(SECOND);
    expect(await taskOf(task_id)).toMatchObject({ status: "running", resubmitted: false });
    next(busy, busy, busy);
    const tried = await submit(CHAT);
    for (let n = 0; n < 3; n++) await tick(SECOND);
    expect(await taskOf(tried.task_id)).toMatchObject({ status: "error" });
  });

  it("of a model without a form of its own for it is one call", async () => {
    next(fake.completion({ content: "at once" }));
    const { task_id } = await submit({ ...CHAT, model: "plain" });
    await tick();
    expect(paths()).toEqual(["/v1/chat/completions"]);
    expect(await taskOf(task_id)).toMatchObject({
      status: "success",
      provider_task_id: null,
      result: { choices: [{ message: { content: "at once" } }] },
    });
    expect(await calls()).toMatchObject([{ model: "plain", calls: 1 }]);
  });
});

describe("a task whose process died while it asked", () => {
  const dieAsking = async (body: object) => {
    const { task_id } = await submit(body);
    const { tasks } = server.ctx.storage;
    const now = server.ctx.clock.now();
    const [claim] = await tasks.take({ now, leaseMs: SECOND, limit: 1 });
    if (!claim) throw new Error("there is no task");
    await tasks.note(claim, { status: "running", is_asking: true, asked_at: now }, now);
    return task_id;
  };

  it("is asked for once more, says so, and both are in the ledger", async () => {
    const task_id = await dieAsking({ ...IMAGE, model: "wan" });
    await tick();
    expect(paths()).toEqual([]);
    next(fake.json({ output: { task_id: "w", task_status: "PENDING" } }));
    await tick(SECOND);
    expect(await taskOf(task_id)).toMatchObject({ status: "running", resubmitted: true });
    const results = [{ url: `data:image/png;base64,${PIXEL.toString("base64")}` }];
    next(fake.json({ output: { task_status: "SUCCEEDED", results } }));
    await tick(2 * SECOND);
    expect(await taskOf(task_id)).toMatchObject({ status: "success" });
    expect(await calls()).toMatchObject([{ calls: 2, failed_calls: 1 }]);
  });

  it("is known by its own id to a provider that takes one, and counts once", async () => {
    const task_id = await dieAsking(CHAT);
    next(taken, said("hello"));
    await tick(SECOND);
    expect(provider.lastBody).toMatchObject({ request_id: task_id });
    await tick(2 * SECOND);
    expect(await taskOf(task_id)).toMatchObject({ status: "success", resubmitted: true });
    expect(await calls()).toMatchObject([{ calls: 1, failed_calls: 0 }]);
  });
});

describe("a server that stops", () => {
  it("leaves a call that it was making to the next one, which makes it anew", async () => {
    const settings = { data_dir: join(folder.path, "data") };
    const first = await open(settings);
    const arrived = Promise.withResolvers<void>();
    next(() => arrived.resolve());
    const { task_id } = await okJson(first.post("/tasks", { ...CHAT, model: "plain" }));
    const ticking = first.ctx.background.tick();
    await arrived.promise;
    await first[Symbol.asyncDispose]();
    await ticking;
    next(fake.completion({ content: "anew" }));
    await using second = await open(settings);
    await second.ctx.background.tick();
    expect(await okJson(second.get(`/tasks/${task_id}`))).toMatchObject({
      status: "success",
      resubmitted: false,
      result: { choices: [{ message: { content: "anew" } }] },
    });
  });
});

describe("tasks", () => {
  it("are cancelled before, while and after a provider has them", async () => {
    const early = await submit(CHAT);
    const asked = await okJson(server.post(`/tasks/${early.task_id}/cancel`));
    expect(asked).toMatchObject({ cancel_requested: true });
    await tick();
    expect(await taskOf(early.task_id)).toMatchObject({ status: "cancelled" });
    expect(paths()).toEqual([]);
    next(taken);
    const { task_id } = await submit({ ...IMAGE, model: "cogview" });
    await tick();
    await refusal(server.del(`/tasks/${task_id}`), 409);
    await okJson(server.post(`/tasks/${task_id}/cancel`));
    await tick();
    expect(await taskOf(task_id)).toMatchObject({ status: "cancelled" });
    expect(await okJson(server.post(`/tasks/${task_id}/cancel`))).toMatchObject({
      status: "cancelled",
    });
    expect((await server.del(`/tasks/${task_id}`)).status).toBe(204);
    await refusal(server.get(`/tasks/${task_id}`), 404);
    await refusal(server.post(`/tasks/${NOBODY}/cancel`), 404);
    await refusal(server.del(`/tasks/${NOBODY}`), 404);
  });

  it("are cut off when they are cancelled while their call is under way", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const arrived = Promise.withResolvers<void>();
    next(() => arrived.resolve());
    const { task_id } = await submit({ ...CHAT, model: "plain" });
    const ticking = server.ctx.background.tick();
    await arrived.promise;
    await okJson(server.post(`/tasks/${task_id}/cancel`));
    vi.advanceTimersByTime(5 * SECOND);
    vi.useRealTimers();
    await ticking;
    await provider.clientClosed();
    expect(await taskOf(task_id)).toMatchObject({ status: "cancelled" });
    expect(await calls()).toMatchObject([{ calls: 1, failed_calls: 1 }]);
  });

  it("that no budget is left for end before anything is sent", async () => {
    const { task_id } = await submit({ ...IMAGE, model: "dear" });
    await tick();
    expect(await taskOf(task_id)).toMatchObject({
      status: "error",
      error: expect.stringContaining("budget"),
    });
    expect(paths()).toEqual([]);
  });

  it("are listed by kind, status and model, a page at a time", async () => {
    const chat = await submit(CHAT);
    server.advance(1);
    const image = await submit(IMAGE);
    const response = await server.get("/tasks?limit=1");
    expect(response.headers.get("x-pagination-total")).toBe("2");
    expect(await okJson(response)).toMatchObject([{ task_id: image.task_id }]);
    for (const filter of ["kind=chat", "model=glm", "status=pending&limit=1&offset=1"])
      expect(await okJson(server.get(`/tasks?${filter}`))).toMatchObject([
        { task_id: chat.task_id },
      ]);
    expect(await okJson(server.get("/tasks?status=error"))).toEqual([]);
  });

  it("are made once for one Idempotency-Key", async () => {
    const header = { "idempotency-key": "k" };
    const [one, two] = await Promise.all([
      server.post("/tasks", CHAT, header),
      server.post("/tasks", CHAT, header),
    ]);
    for (const { status } of [one, two]) expect([200, 409]).toContain(status);
    await okJson(server.post("/tasks", CHAT, header));
    expect(await okJson(server.get("/tasks"))).toHaveLength(1);
    await refusal(server.post("/tasks", IMAGE, header), 422);
  });

  it.each([
    [{ ...CHAT, model: "none" }, "none"],
    [{ ...CHAT, model: "cogview" }, "image"],
    [{ ...CHAT, kind: "song" }, "kind"],
    [{ ...CHAT, input: { messages: [] } }, "messages"],
    [{ ...CHAT, input: { messages: [{ role: "user" }, { role: "boss" }] } }, "role"],
    [{ ...IMAGE, input: { prompt: " " } }, "prompt"],
    [{ ...IMAGE, input: { prompt: "x", n: 3 } }, "input.n"],
    [{ ...CHAT, webhook: "http://10.0.0.1/" }, "webhook"],
  ])("that cannot be are refused: %j", async (body, message) => {
    const { detail } = await refusal(server.post("/tasks", body), 422);
    expect(detail.toLowerCase()).toContain(message);
    expect(await okJson(server.get("/tasks"))).toEqual([]);
  });
});
