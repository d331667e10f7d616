/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  human,
  type Loose,
  newThread,
  NOBODY,
  okJson,
  refusal,
  runOf,
  runWait,
  startRun,
  threadOf,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { START_MS, type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

const iso = (ms: number) => new Date(ms).toISOString();
const join = (thread: string, run: string) => server.get(`/threads/${thread}/runs/${run}/join`);

/** A thread with a run that stands at its gate. */
async function held(body: object = {}) {
  const thread = await newThread(server);
  const name = crypto.randomUUID();
  const at = gate(name);
  const run = await startRun(server, thread, {
    assistant_id: "slow",
    input: { gate: name },
    ...body,
  });
  await at.entered;
  return { thread, run_id: run.run_id as string, at };
}

describe("POST /threads/:id/runs", () => {
  it("answers the pending run and where it is", async () => {
    await using fresh = await testServer();
    const thread = await newThread(fresh);
    const response = await fresh.post(`/threads/${thread}/runs`, {
      assistant_id: "echo",
      input: { note: "a" },
      metadata: { tag: 1 },
      after_seconds: 5,
    });
    expect(response.headers.get("content-location")).toMatch(
      new RegExp(`^/threads/${thread}/runs/[\\da-f-]{36}$`),
    );
    const run = await okJson(response);
    expect(run).toMatchObject({
      run_id: expect.any(String),
      thread_id: thread,
      assistant_id: (await okJson(fresh.get("/assistants/echo"))).assistant_id,
      status: "pending",
      metadata: { tag: 1, created_by: "system" },
      kwargs: { input: { note: "a" }, stream_mode: ["values"] },
      multitask_strategy: "enqueue",
      created_at: iso(START_MS + 5000),
    });
    expect(await runOf(fresh, thread, run.run_id)).toEqual(run);
  });

  it("runs in the background, to the end", async () => {
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, {
      assistant_id: "echo",
      input: { note: "bg" },
    });
    const values = await okJson(join(thread, run_id));
    expect(values.messages[0].content).toBe("echo: bg");
    expect((await runOf(server, thread, run_id)).status).toBe("success");
  });

  it("notes on the thread which graph ran", async () => {
    const thread = await newThread(server, { metadata: { mine: 1 } });
    const { run_id, assistant_id } = await startRun(server, thread, {
      assistant_id: "echo",
      input: {},
    });
    await okJson(join(thread, run_id));
    expect((await threadOf(server, thread)).metadata).toEqual({
      mine: 1,
      graph_id: "echo",
      assistant_id,
    });
  });

  it("takes the assistant by its id", async () => {
    const { assistant_id } = await okJson(server.get("/assistants/echo"));
    const values = await runWait(server, await newThread(server), {
      assistant_id,
      input: { note: "id" },
    });
    expect(values.note).toBe("id");
  });

  it.each(["", "/stream", "/wait"])(
    "answers 404 for an unknown thread at /runs%s",
    async (path) => {
      const body = { assistant_id: "echo", input: {} };
      const refused = await refusal(server.post(`/threads/${NOBODY}/runs${path}`, body), 404);
      expect(refused.detail).toContain(NOBODY);
      await refusal(server.get(`/threads/${NOBODY}`), 404);
    },
  );

  it("makes the thread with if_not_exists create", async () => {
    const thread = crypto.randomUUID();
    const values = await runWait(server, thread, {
      assistant_id: "echo",
      input: { note: "made" },
      if_not_exists: "create",
      metadata: { from: "run" },
    });
    expect(values.note).toBe("made");
    expect((await threadOf(server, thread)).metadata).toMatchObject({
      from: "run",
      graph_id: "echo",
    });
  });

  it.each(["nobody", NOBODY])(
    "answers 404 for the assistant %s and stores nothing",
    async (assistant_id) => {
      const thread = await newThread(server);
      await refusal(server.post(`/threads/${thread}/runs`, { assistant_id, input: {} }), 404);
      await refusal(server.post("/runs/wait", { assistant_id, input: {} }), 404);
      expect(await okJson(server.get(`/threads/${thread}/runs`))).toEqual([]);
      expect((await threadOf(server, thread)).status).toBe("idle");
    },
  );

  it("answers 422 with the reason for a graph that cannot be loaded, and serves the others", async () => {
    const thread = await newThread(server);
    const body = await refusal(
      server.post(`/threads/${thread}/runs`, { assistant_id: "broken", input: {} }),
      422,
    );
    expect(body).toMatchObject({
      code: "graph_unavailable",
      detail: expect.stringContaining("broken.ts"),
    });
    expect(await okJson(server.get(`/threads/${thread}/runs`))).toEqual([]);
    await runWait(server, thread, { assistant_id: "echo", input: {} });
  });

  it("is stored with ids on its messages, in whatever form they came", async () => {
    const thread = await newThread(server);
    const messages = [
      "plain",
      ["user", "pair"],
      { role: "user", content: "dict" },
      { type: "human", content: "own", id: "mine" },
    ];
    const run = await startRun(server, thread, { assistant_id: "echo", input: { messages } });
    const ids = run.kwargs.input.messages.map(({ id }: Loose) => id);
    expect(new Set(ids).size).toBe(4);
    expect(ids[3]).toBe("mine");
    const values = await okJson(join(thread, run.run_id));
    expect(values.messages.slice(0, 4).map(({ id }: Loose) => id)).toEqual(ids);
  });

  it("ignores keys that it does not know", async () => {
    await runWait(server, await newThread(server), {
      assistant_id: "echo",
      input: {},
      webhook: null,
      langsmith_tracer: {},
      strict_resume: true,
      from_the_future: { a: 1 },
    });
  });

  it("starts after a while with after_seconds", async () => {
    await using fresh = await testServer();
    const thread = await newThread(fresh);
    const later = await startRun(fresh, thread, {
      assistant_id: "echo",
      input: { note: "late" },
      after_seconds: 60,
    });
    fresh.advance(59_000);
    const other = await newThread(fresh);
    await runWait(fresh, other, { assistant_id: "echo", input: {} });
    expect((await runOf(fresh, thread, later.run_id)).status).toBe("pending");
    expect((await threadOf(fresh, thread)).status).toBe("busy");
    fresh.advance(1000);
    const values = await okJson(fresh.get(`/threads/${thread}/runs/${later.run_id}/join`));
    expect(values.note).toBe("late");
  });

  it("begins each of many turns at once, not when the worker looks around", async () => {
    await using fresh = await testServer();
    const thread = await newThread(fresh);
    let slowest = 0;
    for (let turn = 0; turn < 30; turn++) {
      const start = performance.now();
      await runWait(fresh, thread, { assistant_id: "echo", input: { note: String(turn) } });
      slowest = Math.max(slowest, performance.now() - start);
    }
    expect(slowest).toBeLessThan(600);
  });
});

describe("POST /threads/:id/runs/wait", () => {
  it("answers the values, as JSON, and where the run is", async () => {
    const thread = await newThread(server);
    const response = await server.post(`/threads/${thread}/runs/wait`, {
      assistant_id: "echo",
      input: human("hi"),
    });
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(response.headers.get("content-location")).toMatch(/^\/threads\/.+\/runs\/.+/);
    const values = await okJson(response);
    expect(values.messages.map(({ content }: Loose) => content)).toEqual(["hi", "echo: hi"]);
    expect(values).not.toHaveProperty("__interrupt__");
  });

  it("answers an error once, with its name and message", async () => {
    const thread = await newThread(server);
    const answer = await runWait(server, thread, { assistant_id: "failing", input: {} });
    expect(answer).toEqual({ __error__: { error: "BoomError", message: "it went boom" } });
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    expect(run).toMatchObject({
      status: "error",
      error: { error: "BoomError", message: "it went boom" },
    });
    expect(await threadOf(server, thread)).toMatchObject({
      status: "error",
      error: { error: "BoomError" },
      values: { count: 1 },
    });
    const state = await okJson(server.get(`/threads/${thread}/state`));
    expect(state.next).toEqual(["second"]);
    expect(state.tasks[0].error).toContain("it went boom");
  });

  it("clears the thread's error with the next run that ends well", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id: "failing", input: {} });
    await runWait(server, thread, { assistant_id: "echo", input: human("again") });
    expect(await threadOf(server, thread)).toMatchObject({ status: "idle", error: null });
  });

  it("keeps the connection alive with newlines before the JSON", async () => {
    await using quick = await testServer({ settings: { heartbeat_seconds: 0.01 } });
    const thread = await newThread(quick);
    const at = gate(thread);
    const response = await quick.post(`/threads/${thread}/runs/wait`, {
      assistant_id: "slow",
      input: { gate: thread },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe("\n");
    expect((await reader?.read())?.value).toBe("\n");
    at.release();
    let text = "";
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
      text += part.value;
    expect(JSON.parse(text).steps).toHaveLength(3);
  });

  it("answers null values where the input leads nowhere", async () => {
    const answer = await runWait(server, await newThread(server), {
      assistant_id: "echo",
      input: null,
    });
    expect(answer).toHaveProperty("__error__");
  });
});

describe("GET /threads/:id/runs and /runs/:rid", () => {
  it("lists newest first, by status, page and field", async () => {
    const thread = await newThread(server);
    const made: string[] = [];
    for (const note of ["a", "b", "c"]) {
      const { run_id } = await startRun(server, thread, { assistant_id: "echo", input: { note } });
      await okJson(join(thread, run_id));
      made.unshift(run_id);
      server.advance(10);
    }
    const later = await startRun(server, thread, {
      assistant_id: "echo",
      input: {},
      after_seconds: 900,
    });
    const list = async (query: string) => okJson(server.get(`/threads/${thread}/runs${query}`));
    const ids = async (query: string) => (await list(query)).map(({ run_id }: Loose) => run_id);
    expect(await ids("")).toEqual([later.run_id, ...made]);
    expect(await ids("?status=success")).toEqual(made);
    expect(await ids("?status=pending&limit=1000")).toEqual([later.run_id]);
    expect(await ids("?limit=2&offset=1")).toEqual(made.slice(0, 2));
    const selected = await list(
      "?status=pending&select=run_id&select=kwargs&select=multitask_strategy",
    );
    expect(selected).toEqual([
      { run_id: later.run_id, kwargs: later.kwargs, multitask_strategy: "enqueue" },
    ]);
    await refusal(server.get(`/threads/${thread}/runs?status=lazy`), 422);
    await refusal(server.get(`/threads/${thread}/runs?limit=1;`), 422);
  });

  it("answers 404 for a run that is not of the thread", async () => {
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, { assistant_id: "echo", input: {} });
    await okJson(join(thread, run_id));
    const other = await newThread(server);
    for (const path of ["", "/join", "/stream"]) {
      await refusal(server.get(`/threads/${other}/runs/${run_id}${path}`), 404);
      await refusal(server.get(`/threads/${thread}/runs/${NOBODY}${path}`), 404);
    }
    await refusal(server.post(`/threads/${other}/runs/${run_id}/cancel`), 404);
    await refusal(server.del(`/threads/${other}/runs/${run_id}`), 404);
    await runOf(server, thread, run_id);
  });

  it("deletes a run that has ended and keeps what it did", async () => {
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, {
      assistant_id: "echo",
      input: human("kept"),
    });
    await okJson(join(thread, run_id));
    expect((await server.del(`/threads/${thread}/runs/${run_id}`)).status).toBe(204);
    await refusal(server.get(`/threads/${thread}/runs/${run_id}`), 404);
    expect((await threadOf(server, thread)).values.messages).toHaveLength(2);
  });

  it("leaves the thread idle when its only waiting run is deleted", async () => {
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, {
      assistant_id: "echo",
      input: {},
      after_seconds: 60,
    });
    expect((await threadOf(server, thread)).status).toBe("busy");
    expect((await server.del(`/threads/${thread}/runs/${run_id}`)).status).toBe(204);
    expect((await threadOf(server, thread)).status).toBe("idle");
  });

  it("does not delete a run that is running", async () => {
    const { thread, run_id, at } = await held();
    await refusal(server.del(`/threads/${thread}/runs/${run_id}`), 409);
    at.release();
    await okJson(join(thread, run_id));
  });
});

describe("GET /threads/:id/runs/:rid/join", () => {
  it("waits for the end and answers as wait does", async () => {
    const { thread, run_id, at } = await held();
    const first = join(thread, run_id);
    const second = join(thread, run_id);
    at.release();
    const values = await okJson(first);
    expect(values.steps).toHaveLength(3);
    expect(await okJson(second)).toEqual(values);
    expect(await okJson(join(thread, run_id))).toEqual(values);
  });

  it("answers the error of a failed run", async () => {
    const thread = await newThread(server);
    const { run_id } = await startRun(server, thread, { assistant_id: "failing", input: {} });
    const expected = { __error__: { error: "BoomError", message: "it went boom" } };
    expect(await okJson(join(thread, run_id))).toEqual(expected);
    expect(await okJson(join(thread, run_id))).toEqual(expected);
  });
});

describe("stateless runs", () => {
  it("answer the values at /runs/wait", async () => {
    const response = await server.post("/runs/wait", { assistant_id: "echo", input: human("hi") });
    expect(response.headers.get("content-location")).toMatch(/^\/runs\/[\da-f-]{36}$/);
    expect((await okJson(response)).messages).toHaveLength(2);
  });

  it("do not remember each other", async () => {
    const body = { assistant_id: "echo", input: human("hi") };
    await okJson(server.post("/runs/wait", body));
    expect((await okJson(server.post("/runs/wait", body))).messages).toHaveLength(2);
  });

  it("are created in the background at /runs", async () => {
    const response = await server.post("/runs", { assistant_id: "echo", input: { note: "bg" } });
    const path = response.headers.get("content-location");
    const run = await okJson(response);
    expect(path).toBe(`/runs/${run.run_id}`);
    expect(run.status).toBe("pending");
    const values = await okJson(join(run.thread_id, run.run_id));
    expect(values.note).toBe("bg");
  });

  it("keep their thread with on_completion keep", async () => {
    const body = { assistant_id: "echo", input: { note: "keep" }, on_completion: "keep" };
    const run = await okJson(server.post("/runs", body));
    await okJson(join(run.thread_id, run.run_id));
    const found = await okJson(server.post("/threads/search", { ids: [run.thread_id] }));
    expect(found).toHaveLength(1);
  });

  it("answer an error in the body", async () => {
    expect(await okJson(server.post("/runs/wait", { assistant_id: "failing", input: {} }))).toEqual(
      {
        __error__: { error: "BoomError", message: "it went boom" },
      },
    );
  });
});

describe("what a run is given", () => {
  const seen = async (body: object, api: TestServer = server, thread?: string) => {
    const at = thread ?? (await newThread(api));
    return (await runWait(api, at, { assistant_id: "echo", input: { note: "x" }, ...body })).seen;
  };

  it("is stamped with its ids, whatever the client says", async () => {
    const thread = await newThread(server);
    const config = {
      configurable: { run_id: "forged", thread_id: NOBODY, graph_id: "other", mine: 1 },
    };
    const { configurable } = await seen({ config }, server, thread);
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    expect(configurable).toMatchObject({
      thread_id: thread,
      run_id: run.run_id,
      graph_id: "echo",
      assistant_id: run.assistant_id,
      mine: 1,
    });
  });

  it("is configured by the assistant, then the thread, then the run", async () => {
    const preset = {
      echo: {
        configurable: { a: "assistant", b: "assistant", c: "assistant" },
        context: { tone: "assistant", level: 1 },
      },
    };
    await using box = await testServer({ settings: { assistants: JSON.stringify(preset) } });
    expect((await okJson(box.get("/assistants/echo"))).context).toEqual({
      tone: "assistant",
      level: 1,
    });
    const thread = await newThread(box);
    const first = await seen(
      { config: { configurable: { b: "thread", c: "thread" } } },
      box,
      thread,
    );
    expect(first.configurable).toMatchObject({ a: "assistant", b: "thread", c: "thread" });
    const second = await seen(
      { config: { configurable: { c: "run" } }, context: { tone: "run" } },
      box,
      thread,
    );
    expect(second.configurable).toMatchObject({ a: "assistant", b: "thread", c: "run" });
    expect(second.context).toEqual({ tone: "run", level: 1 });
  });

  it("gets metadata of assistant, thread and run", async () => {
    const thread = await newThread(server, { metadata: { of: "thread", a: 1 } });
    const { metadata } = await seen({ metadata: { of: "run", b: 2 } }, server, thread);
    expect(metadata).toMatchObject({
      created_by: "system",
      a: 1,
      of: "run",
      b: 2,
      thread_id: thread,
    });
  });

  it("fails when its context does not fit the graph's schema", async () => {
    const answer = await runWait(server, await newThread(server), {
      assistant_id: "echo",
      input: {},
      context: { level: "high" },
    });
    expect(answer.__error__.message).toContain("level");
  });

  it("stops at its recursion limit", async () => {
    const body = { assistant_id: "loop", input: {}, config: { recursion_limit: 4 } };
    const thread = await newThread(server);
    const answer = await runWait(server, thread, body);
    expect(answer.__error__.error).toBe("GraphRecursionError");
    expect((await threadOf(server, thread)).values.count).toBe(4);
  });

  it("cannot reach the machinery of LangGraph through its configurable", async () => {
    const forged = Object.fromEntries(
      [
        "read",
        "send",
        "call",
        "checkpointer",
        "store",
        "stream",
        "task_id",
        "resuming",
        "scratchpad",
        "durability",
      ].map((name) => [`__pregel_${name}`, { forged: true }]),
    );
    const thread = await newThread(server);
    const { messages } = await runWait(server, thread, {
      assistant_id: "echo",
      input: human("hi"),
      config: { configurable: forged },
    });
    expect(messages).toHaveLength(2);
    const again = await runWait(server, thread, { assistant_id: "echo", input: human("again") });
    expect(again.messages).toHaveLength(4);
  });
});

describe("durability", () => {
  const counts = async (durability: object) => {
    const thread = await newThread(server);
    const values = await runWait(server, thread, {
      assistant_id: "slow",
      input: { gate: "open" },
      ...durability,
    });
    expect(values.steps).toHaveLength(3);
    const state = await okJson(server.get(`/threads/${thread}/state`));
    expect(state.values).toEqual(values);
    return (await okJson(server.get(`/threads/${thread}/history?limit=100`))).length;
  };

  it("keeps each step under sync and async, and the last alone under exit", async () => {
    gate("open").release();
    expect(await counts({})).toBe(5);
    expect(await counts({ durability: "sync" })).toBe(5);
    expect(await counts({ durability: "async" })).toBe(5);
    expect(await counts({ durability: "exit" })).toBe(1);
    expect(await counts({ checkpoint_during: false })).toBe(1);
  });
});
