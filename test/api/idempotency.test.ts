/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { human, type Loose, newThread, okJson, refusal } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { SseReader } from "../support/sse.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
let thread: string;
beforeEach(async () => {
  server = await testServer();
  thread = await newThread(server);
});
afterEach(() => server[Symbol.asyncDispose]());

const key = (text: string) => ({ "idempotency-key": text });
const echo = { assistant_id: "echo", input: human("hello") };
const runsOf = () => okJson(server.get(`/threads/${thread}/runs?limit=100`));

describe("Idempotency-Key", () => {
  it("makes one run of 50 parallel requests", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => server.post(`/threads/${thread}/runs`, echo, key("a"))),
    );
    const bodies = await Promise.all(
      answers.filter(({ status }) => status === 200).map((answer) => okJson(answer)),
    );
    expect(new Set(bodies.map(({ run_id }) => run_id)).size).toBe(1);
    for (const { status } of answers) expect([200, 409]).toContain(status);
    expect(await runsOf()).toHaveLength(1);
    const [run] = await runsOf();
    expect(await okJson(server.post(`/threads/${thread}/runs`, echo, key("a")))).toMatchObject({
      run_id: run.run_id,
    });
  });

  it("answers the run's stream from its start, and its result", async () => {
    const read = async () =>
      new SseReader(await server.post(`/threads/${thread}/runs/stream`, echo, key("a"))).rest();
    const first = await read();
    expect(await read()).toEqual(first);
    const wait = () => server.post(`/threads/${thread}/runs/wait`, echo, key("b"));
    const [one, two] = [await wait(), await wait()];
    expect(two.headers.get("content-location")).toBe(one.headers.get("content-location"));
    expect(await okJson(two)).toEqual(await okJson(one));
    expect(await runsOf()).toHaveLength(2);
  });

  it.each(["/runs", "/runs/wait", "/runs/stream"])(
    "makes one stateless run on %s",
    async (path) => {
      const send = () => server.post(path, echo, key("a"));
      const [one, two] = [await send(), await send()];
      expect(two.headers.get("content-location")).toBe(one.headers.get("content-location"));
      await Promise.all([one.text(), two.text()]);
    },
  );

  it("makes one thread, one cron and one assistant", async () => {
    const post = (path: string, body: object) => okJson(server.post(path, body, key(path)));
    const body = { metadata: { a: 1 } };
    const made = await post("/threads", body);
    expect(await post("/threads", body)).toMatchObject({ thread_id: made.thread_id });
    const cron = { assistant_id: "echo", schedule: "@daily" };
    expect(await post("/runs/crons", cron)).toEqual(await post("/runs/crons", cron));
    expect(await okJson(server.post("/runs/crons/count"))).toBe(1);
    const assistant = { graph_id: "echo", name: "mine" };
    expect(await post("/assistants", assistant)).toEqual(await post("/assistants", assistant));
    expect(await okJson(server.post("/assistants/count", { name: "mine" }))).toBe(1);
  });

  it("stands for a thread id of the client's own", async () => {
    const thread_id = "0190a0a0-0000-7000-8000-00000000000a";
    const post = () => okJson(server.post("/threads", { thread_id }, key("a")));
    expect(await post()).toMatchObject({ thread_id });
    expect(await post()).toMatchObject({ thread_id });
    await refusal(server.post("/threads", { thread_id }), 409);
  });

  it("answers 422 for another body or another path", async () => {
    await okJson(server.post(`/threads/${thread}/runs`, echo, key("a")));
    const other = { ...echo, input: human("other") };
    await refusal(server.post(`/threads/${thread}/runs`, other, key("a")), 422);
    await refusal(server.post("/runs", echo, key("a")), 422);
    await refusal(server.post("/runs", echo, key("")), 422);
    await refusal(server.post("/runs", echo, key("x".repeat(256))), 422);
    expect(await runsOf()).toHaveLength(1);
  });

  it("is free again when its request was refused", async () => {
    await refusal(server.post("/runs", { assistant_id: "nobody" }, key("a")), 404);
    await okJson(server.post("/runs", echo, key("a")));
  });

  it("answers 409 while the first request is in progress, and takes over when that has died", async () => {
    const { idempotency } = server.ctx.storage;
    const path = `/threads/${thread}/runs`;
    const first = await okJson(server.post(path, echo, key("a")));
    await okJson(server.post(path, echo, key("probe")));
    const now = server.ctx.clock.now();
    const probe = await idempotency.reserve(
      { actor: "", key: "probe", fingerprint: "", resource_id: "" },
      { now, reserved_until: now, expires_at: now + 1 },
    );
    if (probe.state !== "done") throw new Error("the key is not done");
    // What a process leaves that dies before and after it has created the run.
    const times = { now, reserved_until: now + 30_000, expires_at: now + 86_400_000 };
    const { fingerprint } = probe;
    const newRunId = "0190a0a0-0000-7000-8000-00000000000b";
    const left = { actor: "", fingerprint, resource_id: newRunId };
    await idempotency.reserve({ ...left, key: "before" }, times);
    const created = { ...left, resource_id: first.run_id };
    await idempotency.reserve({ ...created, key: "over" }, { ...times, reserved_until: now });
    await idempotency.reserve({ ...created, key: "after" }, times);
    const busy = await server.post(path, echo, key("before"));
    expect(busy.headers.get("retry-after")).toBe("1");
    await refusal(busy, 409);
    for (const name of ["after", "over"])
      expect((await okJson(server.post(path, echo, key(name)))).run_id).toBe(first.run_id);
    server.advance(30_000);
    expect(await okJson(server.post(path, echo, key("before")))).toMatchObject({
      run_id: newRunId,
    });
  });

  it("answers 404 for a run that is gone, and starts none anew", async () => {
    const path = `/threads/${thread}/runs`;
    const { run_id } = await okJson(server.post(path, echo, key("a")));
    await okJson(server.get(`${path}/${run_id}/join`));
    await server.del(`${path}/${run_id}`);
    await refusal(server.post(path, echo, key("a")), 404);
    expect(await runsOf()).toEqual([]);
  });

  it("holds for a day", async () => {
    const path = `/threads/${thread}/runs`;
    const { run_id } = await okJson(server.post(path, echo, key("a")));
    server.advance(24 * 3_600_000);
    expect((await okJson(server.post(path, echo, key("a")))).run_id).not.toBe(run_id);
  });
});

describe("an Idempotency-Key of a command of the event protocol", () => {
  const send = (body: object, headers: Record<string, string> = {}) =>
    okJson(server.post(`/threads/${thread}/commands`, { id: 1, ...body }, headers));
  const start = { method: "run.start", params: echo };

  it("starts one run of 20 parallel ones, by header or in the command", async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 ? send(start, key("a")) : send({ ...start, id: n, idempotency_key: "a" }),
      ),
    );
    const started = replies.filter(({ type }) => type === "success");
    expect(started.length).toBeGreaterThan(0);
    const [run] = await runsOf();
    expect(await runsOf()).toHaveLength(1);
    for (const { result } of started) expect(result).toEqual({ run_id: run.run_id });
    expect(await send(start, key("a"))).toMatchObject({ result: { run_id: run.run_id } });
  });

  it("is another request's, and free again when the command was refused", async () => {
    await send(start, key("a"));
    const other = { method: "run.start", params: { ...echo, input: human("other") } };
    expect(await send(other, key("a"))).toMatchObject({ error: "invalid_argument" });
    expect(await send(start, key("x".repeat(256)))).toMatchObject({ error: "invalid_argument" });
    expect(await runsOf()).toHaveLength(1);
    const broken = { method: "run.start", params: { input: 1 } };
    expect(await send(broken, key("b"))).toMatchObject({ error: "invalid_argument" });
    expect(await send(other, key("b"))).toMatchObject({ type: "success" });
  });

  it("answers an interrupt once, and says so again", async () => {
    await okJson(
      server.post(`/threads/${thread}/runs/wait`, { assistant_id: "ask", input: human("hello") }),
    );
    const [[interrupt]] = Object.values<Loose>(
      (await okJson(server.get(`/threads/${thread}`))).interrupts,
    );
    const params = { interrupt_id: interrupt.id, response: "yes" };
    const answer = { method: "input.respond", params };
    for (let count = 0; count < 2; count++)
      expect(await send(answer, key("a"))).toMatchObject({ type: "success", result: {} });
    expect(await runsOf()).toHaveLength(2);
    expect(await send(answer, key("b"))).toMatchObject({ error: "no_such_interrupt" });
  });
});

describe("a full queue", () => {
  it("is answered 429 with Retry-After, and stores nothing", async () => {
    await using full = await testServer({ settings: { max_pending_runs: 2, workers: 1 } });
    const at = await newThread(full);
    const slow = { assistant_id: "slow", input: { gate: "full" } };
    for (let count = 0; count < 3; count++) {
      await okJson(full.post(`/threads/${at}/runs`, slow));
      await gate("full").entered;
    }
    const threads = await okJson(full.post("/threads/search", { limit: 100 }));
    for (const path of [`/threads/${at}/runs`, `/threads/${at}/runs/stream`, "/runs/wait"]) {
      const answer = await full.post(path, slow);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(await refusal(answer, 429)).toMatchObject({ code: "limit" });
    }
    expect(await okJson(full.get(`/threads/${at}/runs`))).toHaveLength(3);
    expect(await okJson(full.post("/threads/search", { limit: 100 }))).toEqual(threads);
    gate("full").release();
  });
});

describe("a server that drains", () => {
  it("answers 503 with Retry-After to what would create something", async () => {
    const draining = await testServer();
    const at = await newThread(draining);
    const slow = { assistant_id: "slow", input: { gate: "drain" } };
    await okJson(draining.post(`/threads/${at}/runs`, slow));
    await gate("drain").entered;
    const closed = draining[Symbol.asyncDispose]();
    const paths = [`/threads/${at}/runs`, "/runs/stream", "/threads", "/runs/crons"];
    const body = { ...echo, schedule: "@daily" };
    const answers = await Promise.all(paths.map((path) => draining.post(path, body)));
    for (const answer of answers) {
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await refusal(answer, 503)).detail).toContain("shutting down");
    }
    const command = { id: 1, method: "run.start", params: echo };
    expect(await okJson(draining.post(`/threads/${at}/commands`, command))).toMatchObject({
      type: "error",
      message: expect.stringContaining("shutting down"),
    });
    const chat = { model: "echo", messages: [{ role: "user", content: "hello" }] };
    expect((await draining.post("/v1/chat/completions", chat)).status).toBe(503);
    await closed;
  });
});
