/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { human, newThread, NOBODY, okJson, refusal, runWait } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { SseReader } from "../support/sse.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { TEST_GRAPHS, type TestServer, testServer } from "../support/test-server.ts";

const MINUTE = 60_000;

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

async function pass(ms: number, on = server): Promise<void> {
  on.advance(ms);
  await on.ctx.background.tick();
}

const say = (thread: string, content: string, on = server) =>
  runWait(on, thread, { assistant_id: "echo", input: human(content) });
const history = (thread: string, on = server) =>
  okJson(on.get(`/threads/${thread}/history?limit=1000`));
const texts = (values: { messages: { content: string }[] }) =>
  values.messages.map(({ content }) => content);

async function busyThread(name: string, body: object = {}): Promise<string> {
  const thread = await newThread(server, body);
  const slow = { assistant_id: "slow", input: { gate: name } };
  await okJson(server.post(`/threads/${thread}/runs`, slow));
  await gate(name).entered;
  return thread;
}

describe("what is deleted", () => {
  it("is cleared away by the next who comes by, when a crash came in between", async () => {
    const thread = await newThread(server);
    await say(thread, "one");
    const { checkpoints, threads } = server.ctx.storage;
    await threads.delete(thread);
    await refusal(server.get(`/threads/${thread}/state`), 404);
    expect(await checkpoints.list({ thread_id: thread })).not.toEqual([]);
    await pass(0);
    expect(await checkpoints.list({ thread_id: thread })).toEqual([]);
  });

  it("is gone whole when a deletion is answered", async () => {
    const thread = await newThread(server);
    await say(thread, "one");
    expect((await server.del(`/threads/${thread}`)).status).toBe(204);
    expect(await server.ctx.storage.checkpoints.list({ thread_id: thread })).toEqual([]);
  });

  it("is the thread of a stateless run, some minutes after its end", async () => {
    await okJson(server.post("/runs/wait", { assistant_id: "echo", input: human("one") }));
    const all = () => server.ctx.storage.checkpoints.list({});
    await pass(9 * MINUTE);
    expect(await all()).not.toEqual([]);
    await pass(2 * MINUTE);
    expect(await all()).toEqual([]);
  });
});

describe("a thread's time to live", () => {
  it("counts from its last change, and deletes it with all it has", async () => {
    const thread = await newThread(server, { ttl: { ttl: 10, strategy: "delete" } });
    const other = await newThread(server);
    expect(await okJson(server.get(`/threads/${thread}`))).toMatchObject({
      ttl: { ttl: 10, strategy: "delete" },
    });
    await pass(9 * MINUTE);
    await say(thread, "one");
    await pass(9 * MINUTE);
    await okJson(server.get(`/threads/${thread}`));
    await pass(MINUTE);
    await refusal(server.get(`/threads/${thread}`), 404);
    await okJson(server.get(`/threads/${other}`));
  });

  it("keeps the newest state where that is asked for, and the thread goes on", async () => {
    const thread = await newThread(server, { ttl: { ttl: 10, strategy: "keep_latest" } });
    await say(thread, "one");
    await say(thread, "two");
    expect((await history(thread)).length).toBeGreaterThan(4);
    await pass(10 * MINUTE);
    expect(await history(thread)).toHaveLength(1);
    const four = ["one", "echo: one", "two", "echo: two"];
    const { values } = await okJson(server.get(`/threads/${thread}/state`));
    expect(texts(values)).toEqual(four);
    expect(texts(await say(thread, "three"))).toEqual([...four, "three", "echo: three"]);
    await pass(10 * MINUTE);
    expect(await history(thread)).toHaveLength(1);
  });

  it("can be set later, as a number too, and by the operator for all", async () => {
    const thread = await newThread(server);
    const path = `/threads/${thread}`;
    expect(await okJson(server.patch(path, { ttl: 5 }))).toMatchObject({
      ttl: { ttl: 5, strategy: "delete" },
    });
    for (const ttl of [0, -1, "soon", { ttl: 1, strategy: "burn" }])
      await refusal(server.patch(path, { ttl }), 422);
    await pass(5 * MINUTE);
    await refusal(server.get(path), 404);

    await using brief = await testServer({ settings: { thread_ttl_minutes: 1 } });
    const mortal = await newThread(brief);
    const kept = await newThread(brief, { ttl: 100 });
    await pass(MINUTE, brief);
    await refusal(brief.get(`/threads/${mortal}`), 404);
    await okJson(brief.get(`/threads/${kept}`));
  });

  it("is that of langgraph.json where nothing else says so", async () => {
    using folder = tempFolder();
    const langgraph = join(folder.path, "langgraph.json");
    const ttl = { strategy: "keep_latest", default_ttl: 3 };
    const graphs = { echo: `${dirname(TEST_GRAPHS)}/echo.ts:graph` };
    writeFileSync(langgraph, JSON.stringify({ graphs, checkpointer: { ttl } }));
    await using brief = await testServer({ langgraph });
    const expected = { ttl: { ttl: 3, strategy: "keep_latest" } };
    expect(await okJson(brief.post("/threads", {}))).toMatchObject(expected);
    const { thread_id } = await okJson(
      brief.post("/runs", { assistant_id: "echo", on_completion: "keep" }),
    );
    expect(await okJson(brief.get(`/threads/${thread_id}`))).toMatchObject(expected);
  });

  it("never ends the life of a busy thread", async () => {
    const thread = await busyThread("ttl", { ttl: 1 });
    await pass(60 * MINUTE);
    await okJson(server.get(`/threads/${thread}`));
    gate("ttl").release();
  });
});

describe("POST /threads/prune", () => {
  it("deletes the threads named, but for busy and unknown ones", async () => {
    const [one, two] = [await newThread(server), await newThread(server)];
    const busy = await busyThread("prune");
    const thread_ids = [one, one, busy, NOBODY];
    expect(await okJson(server.post("/threads/prune", { thread_ids }))).toEqual({
      pruned_count: 1,
    });
    await refusal(server.get(`/threads/${one}`), 404);
    for (const id of [two, busy]) await okJson(server.get(`/threads/${id}`));
    gate("prune").release();
    await refusal(server.post("/threads/prune", {}), 422);
    await refusal(server.post("/threads/prune", { thread_ids, strategy: "burn" }), 422);
  });

  it("keeps the newest state, and an interrupt that waits in a subgraph", async () => {
    const thread = await newThread(server);
    const input = { messages: [] };
    await runWait(server, thread, { assistant_id: "echo", input: human("before") });
    await runWait(server, thread, { assistant_id: "nested-ask", input });
    const state = await okJson(server.get(`/threads/${thread}/state?subgraphs=true`));
    const prune = { thread_ids: [thread], strategy: "keep_latest" };
    expect(await okJson(server.post("/threads/prune", prune))).toEqual({ pruned_count: 1 });
    expect(await history(thread)).toHaveLength(1);
    expect(await okJson(server.get(`/threads/${thread}/state?subgraphs=true`))).toEqual(state);
    expect((await okJson(server.get(`/threads/${thread}`))).status).toBe("interrupted");
    const resumed = await runWait(server, thread, {
      assistant_id: "nested-ask",
      command: { resume: "yes" },
    });
    expect(resumed["__error__"]).toBeUndefined();
    expect((await okJson(server.get(`/threads/${thread}`))).status).toBe("idle");
  });

  it("frees what only the deleted states needed", async () => {
    const thread = await newThread(server);
    for (const content of ["one", "two", "three"]) await say(thread, content.repeat(100));
    const size = async () => okJson(server.get(`/threads/${thread}/storage`));
    const before = await size();
    await okJson(server.post("/threads/prune", { thread_ids: [thread], strategy: "keep_latest" }));
    const after = await size();
    for (const section of ["checkpoints", "values", "writes"])
      expect(after.sections[section]).toBeLessThan(before.sections[section]);
    const sections: number[] = Object.values(after.sections);
    expect(after.total_bytes).toBe(sections.reduce((sum, bytes) => sum + bytes, 0));
    await refusal(server.get(`/threads/${NOBODY}/storage`), 404);
  });
});

describe("checkpoints_keep", () => {
  it("thins out threads that have changed, and leaves busy ones for later", async () => {
    await using thin = await testServer({ settings: { checkpoints_keep: 2 } });
    const thread = await newThread(thin);
    await say(thread, "one", thin);
    await pass(1, thin);
    expect(await history(thread, thin)).toHaveLength(2);
    await say(thread, "two", thin);
    await pass(1, thin);
    const left = await history(thread, thin);
    expect(left).toHaveLength(2);
    expect(texts(left[0].values)).toEqual(["one", "echo: one", "two", "echo: two"]);
  });
});

describe("the record of a run", () => {
  const stream = async (thread: string, run: string, after?: string) =>
    new SseReader(
      await server.get(
        `/threads/${thread}/runs/${run}/stream?stream_mode=values`,
        after === undefined ? undefined : { "last-event-id": after },
      ),
    ).rest();

  it("is dropped an hour after its end, and readers are told", async () => {
    const thread = await newThread(server);
    await say(thread, "one");
    const [{ run_id }] = await okJson(server.get(`/threads/${thread}/runs`));
    await pass(60 * MINUTE);
    const whole = await stream(thread, run_id);
    expect(whole.map(({ event }) => event)).toContain("values");
    await pass(1);
    const rest = await stream(thread, run_id);
    expect(rest.map(({ event }) => event)).toEqual(["error", "end"]);
    expect(rest[0]?.data).toMatchObject({ error: "EventsExpired" });
    const last = whole.at(-1)?.id;
    expect(await stream(thread, run_id, last)).toEqual([]);
    const result = await okJson(server.get(`/threads/${thread}/runs/${run_id}/join`));
    expect(texts(result)).toEqual(["one", "echo: one"]);
  });

  it("is trimmed to its newest events after its end", async () => {
    await using short = await testServer({ settings: { event_retention_count: 3 } });
    const thread = await newThread(short);
    await runWait(short, thread, { assistant_id: "talk", input: human("2 + 3") });
    await pass(1, short);
    const [{ run_id }] = await okJson(short.get(`/threads/${thread}/runs`));
    const events = await short.ctx.storage.events.read(run_id, 0, 1000);
    const others = events.filter(({ kind }) => kind !== "message");
    // What was stored together goes together.
    expect(others.map(({ kind }) => kind)).not.toContain("attempt");
    expect(events.map(({ kind }) => kind)).toContain("message");
    expect(others.at(-1)).toMatchObject({ kind: "end" });
  });
});
