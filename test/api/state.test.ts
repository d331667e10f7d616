/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  human,
  type Loose,
  newThread,
  NOBODY,
  okJson,
  refusal,
  runWait,
  startRun,
  threadOf,
} from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => void (server = await testServer()));
afterAll(() => server[Symbol.asyncDispose]());

const stateOf = (thread: string, query = "") =>
  okJson(server.get(`/threads/${thread}/state${query}`));
const historyOf = (thread: string, query = "") =>
  okJson(server.get(`/threads/${thread}/history${query}`));
const texts = (values: Loose): string[] =>
  values.messages.map(({ content }: { content: string }) => content);

/** A thread on which the echo graph has answered each text. */
async function told(...said: string[]): Promise<string> {
  const thread = await newThread(server);
  for (const text of said)
    await runWait(server, thread, { assistant_id: "echo", input: human(text) });
  return thread;
}

describe("GET /threads/:id/state", () => {
  it("is empty, not missing, before the first run", async () => {
    expect(await stateOf(await newThread(server))).toEqual({
      values: {},
      next: [],
      tasks: [],
      metadata: {},
      created_at: null,
      checkpoint: null,
      parent_checkpoint: null,
    });
  });

  it("holds the values after a run, messages as flat dicts", async () => {
    const thread = await told("hi");
    const state = await stateOf(thread);
    expect(state).toMatchObject({ next: [], tasks: [] });
    expect(state.values.messages).toMatchObject([
      { type: "human", content: "hi", id: expect.any(String) },
      { type: "ai", content: "echo: hi", id: expect.any(String) },
    ]);
    expect(JSON.stringify(state)).not.toContain('"lc"');
    expect(state.checkpoint).toEqual({
      thread_id: thread,
      checkpoint_id: expect.any(String),
      checkpoint_ns: "",
    });
    expect(state.metadata).toMatchObject({ source: "loop", step: 1, thread_id: thread });
    expect(Date.parse(state.created_at)).not.toBeNaN();
  });

  it("is found by checkpoint, in the path and in a body", async () => {
    const thread = await told("one", "two");
    const history = await historyOf(thread);
    const old = history.find(
      (state: Loose) => state.values.messages?.length === 2 && state.next.length === 0,
    );
    const { checkpoint_id } = old.checkpoint;
    const byPath = await stateOf(thread, `/${checkpoint_id}`);
    expect(texts(byPath.values)).toEqual(["one", "echo: one"]);
    const byBody = await okJson(
      server.post(`/threads/${thread}/state/checkpoint`, { checkpoint: old.checkpoint }),
    );
    expect(byBody).toEqual(byPath);
  });

  it.each([NOBODY, "nope", "..%2F..%2Fx", "*", "' or '1'='1", "a".repeat(150)])(
    "answers 404 for the checkpoint %s",
    async (id) => {
      const thread = await told("hi");
      await refusal(server.get(`/threads/${thread}/state/${id}`), 404);
    },
  );

  it("does not tell a thread's checkpoint by way of another thread", async () => {
    const { checkpoint } = await stateOf(await told("secret"));
    const other = await told("mine");
    await refusal(server.get(`/threads/${other}/state/${checkpoint.checkpoint_id}`), 404);
    const body = { checkpoint };
    await refusal(server.post(`/threads/${other}/state/checkpoint`, body), 404);
  });

  it("shows a subgraph's state where one is interrupted, in full when asked", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id: "nested-ask", input: { word: "w" } });
    const bare = await stateOf(thread);
    expect(bare.next).toEqual(["branch"]);
    expect(bare.tasks[0]).toMatchObject({
      name: "branch",
      state: null,
      checkpoint: { thread_id: thread, checkpoint_ns: expect.stringMatching(/^branch:/) },
    });
    const full = await stateOf(thread, "?subgraphs=true");
    expect(full.tasks[0].state).toMatchObject({ values: { word: "w" }, next: ["leaf"] });
    const inner = await okJson(
      server.post(`/threads/${thread}/state/checkpoint`, { checkpoint: bare.tasks[0].checkpoint }),
    );
    expect(inner).toMatchObject({ values: { word: "w" }, next: ["leaf"] });
  });
});

describe("POST /threads/:id/state", () => {
  it("writes values as a node would and answers the new checkpoint", async () => {
    const thread = await told("hi");
    const { checkpoint } = await okJson(
      server.post(`/threads/${thread}/state`, {
        values: { messages: [{ role: "user", content: "slipped in" }] },
        as_node: "echo",
      }),
    );
    const state = await stateOf(thread);
    expect(texts(state.values)).toEqual(["hi", "echo: hi", "slipped in"]);
    expect(state.checkpoint.checkpoint_id).toBe(checkpoint.checkpoint_id);
    expect(state.metadata.source).toBe("update");
    expect((await threadOf(server, thread)).values.messages).toHaveLength(3);
  });

  it("goes on after the node it wrote as", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, {
      assistant_id: "slow",
      input: { gate: "u" },
      interrupt_before: ["wait"],
    });
    await okJson(
      server.post(`/threads/${thread}/state`, { values: { steps: ["mine"] }, as_node: "wait" }),
    );
    expect((await stateOf(thread)).next).toEqual(["end"]);
    expect((await threadOf(server, thread)).status).toBe("interrupted");
    const values = await runWait(server, thread, { assistant_id: "slow", input: null });
    expect(values.steps).toEqual(["mine", "end u"]);
    expect((await threadOf(server, thread)).status).toBe("idle");
  });

  it("makes a fork when it is given an old checkpoint", async () => {
    const thread = await told("one", "two");
    const history = await historyOf(thread);
    const old = history.find(
      (state: Loose) => state.next.length === 0 && state.values.messages.length === 2,
    );
    await okJson(
      server.post(`/threads/${thread}/state`, {
        values: { note: "forked" },
        as_node: "echo",
        checkpoint_id: old.checkpoint.checkpoint_id,
      }),
    );
    const state = await stateOf(thread);
    expect(texts(state.values)).toEqual(["one", "echo: one"]);
    expect(state.values.note).toBe("forked");
    expect(state.parent_checkpoint.checkpoint_id).toBe(old.checkpoint.checkpoint_id);
  });

  it("answers 400 on a thread that has no graph", async () => {
    const thread = await newThread(server);
    await refusal(server.post(`/threads/${thread}/state`, { values: { note: "x" } }), 400);
  });

  it("writes into a thread that only names its graph", async () => {
    const thread = await newThread(server, { metadata: { graph_id: "echo" } });
    await okJson(
      server.post(`/threads/${thread}/state`, { values: { note: "first" }, as_node: "echo" }),
    );
    expect((await stateOf(thread)).values.note).toBe("first");
  });

  it("answers 409 while a run is running or waits", async () => {
    const thread = await told("hi");
    const before = await stateOf(thread);
    const held = gate(thread);
    await startRun(server, thread, { assistant_id: "slow", input: { gate: thread } });
    await held.entered;
    await refusal(server.post(`/threads/${thread}/state`, { values: { note: "x" } }), 409);
    held.release();
    const pending = await newThread(server, { metadata: { graph_id: "echo" } });
    await startRun(server, pending, {
      assistant_id: "echo",
      input: { note: "later" },
      after_seconds: 60,
    });
    await refusal(
      server.post(`/threads/${pending}/state`, { values: { note: "x" }, as_node: "echo" }),
      409,
    );
    expect(await historyOf(pending)).toEqual([]);
    expect(before.values).not.toHaveProperty("note");
  });

  it("writes nothing where a run waits on a thread whose last run failed", async () => {
    const thread = await newThread(server);
    const later = { assistant_id: "echo", input: { note: "later" }, after_seconds: 60 };
    await startRun(server, thread, later);
    await okJson(
      server.post(`/threads/${thread}/runs/wait`, { assistant_id: "failing", input: {} }),
    );
    expect((await threadOf(server, thread)).status).toBe("error");
    const before = await historyOf(thread, "?limit=100");
    const change = { values: { count: 9 }, as_node: "first" };
    await refusal(server.post(`/threads/${thread}/state`, change), 409);
    expect(await historyOf(thread, "?limit=100")).toEqual(before);
  });

  it.each([
    ["an unknown node", { values: { note: "x" }, as_node: "nobody" }],
    ["values of the wrong type", { values: { messages: 5 }, as_node: "echo" }],
    ["text for values", { values: "text", as_node: "echo" }],
    ["a list for values", { values: [1, 2], as_node: "echo" }],
    ["a message of no known kind", { values: { messages: [{ type: "alien" }] }, as_node: "echo" }],
    ["a node that is no text", { values: {}, as_node: 7 }],
  ])("refuses %s and writes nothing", async (_, body) => {
    const thread = await told("hi");
    const before = await historyOf(thread);
    await refusal(server.post(`/threads/${thread}/state`, body), 422);
    expect(await historyOf(thread)).toEqual(before);
  });
});

describe("GET and POST /threads/:id/history", () => {
  it("is newest first, ten by default", async () => {
    const thread = await told("a", "b", "c", "d");
    const history = await historyOf(thread);
    expect(history).toHaveLength(10);
    const steps = history.map(({ metadata }: Loose) => metadata.step);
    expect(steps).toEqual(steps.toSorted((a: number, b: number) => b - a));
    expect(texts(history[0].values).at(-1)).toBe("echo: d");
    expect(await historyOf(thread, "?limit=100")).toHaveLength(12);
    expect(await historyOf(thread, "?limit=3")).toEqual(history.slice(0, 3));
    expect(await okJson(server.post(`/threads/${thread}/history`, { limit: 3 }))).toEqual(
      history.slice(0, 3),
    );
    for (const [index, state] of history.slice(0, -1).entries())
      expect(state.parent_checkpoint).toEqual(history[index + 1].checkpoint);
  });

  it("takes `before` in the three forms that clients send", async () => {
    const thread = await told("a", "b");
    const history = await historyOf(thread);
    const { checkpoint } = history[2];
    const expected = history.slice(3);
    expect(await historyOf(thread, `?before=${checkpoint.checkpoint_id}`)).toEqual(expected);
    for (const before of [
      checkpoint.checkpoint_id,
      checkpoint,
      { configurable: { thread_id: thread, checkpoint_id: checkpoint.checkpoint_id } },
    ])
      expect(await okJson(server.post(`/threads/${thread}/history`, { before }))).toEqual(expected);
  });

  it("filters by metadata", async () => {
    const thread = await told("a");
    const found = await okJson(
      server.post(`/threads/${thread}/history`, { metadata: { source: "input" } }),
    );
    expect(found.map(({ metadata }: Loose) => metadata.source)).toEqual(["input"]);
  });

  it("shows a subgraph's history when its checkpoint is named", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id: "nested-ask", input: { word: "w" } });
    const [task] = (await stateOf(thread)).tasks;
    const { checkpoint_ns } = task.checkpoint;
    const found = await okJson(
      server.post(`/threads/${thread}/history`, { checkpoint: { checkpoint_ns } }),
    );
    expect(found.length).toBeGreaterThan(0);
    for (const { checkpoint } of found) expect(checkpoint.checkpoint_ns).toBe(checkpoint_ns);
  });

  it.each(["?limit=0", "?limit=1;", "?limit=x", "?limit=100000"])("refuses %s", async (query) => {
    await refusal(server.get(`/threads/${await newThread(server)}/history${query}`), 422);
  });
});

describe("a run from an old checkpoint", () => {
  it("leaves both branches in the history", async () => {
    const thread = await told("one", "two");
    const history = await historyOf(thread, "?limit=100");
    const old = history.find(
      (state: Loose) => state.next.length === 0 && state.values.messages.length === 2,
    );
    const values = await runWait(server, thread, {
      assistant_id: "echo",
      input: human("other"),
      checkpoint: { ...old.checkpoint, checkpoint_map: null },
    });
    expect(texts(values)).toEqual(["one", "echo: one", "other", "echo: other"]);
    const all = await historyOf(thread, "?limit=100");
    const children = all.filter(
      ({ parent_checkpoint }: Loose) =>
        parent_checkpoint?.checkpoint_id === old.checkpoint.checkpoint_id,
    );
    expect(children).toHaveLength(2);
    expect(
      all.map(({ values: at }: Loose) => texts({ messages: at.messages ?? [] }).join()),
    ).toEqual(
      expect.arrayContaining(["one,echo: one,two,echo: two", "one,echo: one,other,echo: other"]),
    );
  });

  it("goes on from the newest state the next time", async () => {
    const thread = await told("one", "two");
    const history = await historyOf(thread, "?limit=100");
    const old = history.find(
      (state: Loose) => state.next.length === 0 && state.values.messages.length === 2,
    );
    const { checkpoint_id } = old.checkpoint;
    await runWait(server, thread, { assistant_id: "echo", input: human("fork"), checkpoint_id });
    const next = await runWait(server, thread, { assistant_id: "echo", input: human("on") });
    expect(texts(next)).toEqual(["one", "echo: one", "fork", "echo: fork", "on", "echo: on"]);
  });

  it("does not keep the checkpoint of a run's own config for later runs", async () => {
    const thread = await told("one", "two");
    const history = await historyOf(thread, "?limit=100");
    const old = history.find(
      (state: Loose) => state.next.length === 0 && state.values.messages.length === 2,
    );
    const { checkpoint_id } = old.checkpoint;
    const config = { configurable: { checkpoint_id } };
    const forked = await runWait(server, thread, {
      assistant_id: "echo",
      input: human("fork"),
      config,
    });
    expect(texts(forked)).toEqual(["one", "echo: one", "fork", "echo: fork"]);
    const next = await runWait(server, thread, { assistant_id: "echo", input: human("on") });
    expect(texts(next)).toEqual(["one", "echo: one", "fork", "echo: fork", "on", "echo: on"]);
  });

  it("replays from the checkpoint without an input", async () => {
    const thread = await told("one");
    const history = await historyOf(thread);
    const before = history.find((state: Loose) => state.next.includes("echo"));
    const values = await runWait(server, thread, {
      assistant_id: "echo",
      input: null,
      checkpoint_id: before.checkpoint.checkpoint_id,
    });
    expect(texts(values)).toEqual(["one", "echo: one"]);
  });
});
