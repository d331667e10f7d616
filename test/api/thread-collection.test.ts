/* oxlint-disable vitest/expect-expect -- okJson and refusal hold the assertions */
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
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const state = (thread: string, query = ""): Promise<Loose> =>
  okJson(server.get(`/threads/${thread}/state${query}`));
const history = (thread: string): Promise<Loose> =>
  okJson(server.get(`/threads/${thread}/history?limit=100`));
const say = (thread: string, text: string): Promise<Loose> =>
  runWait(server, thread, { assistant_id: "echo", input: human(text) });

describe("POST /threads/:id/copy", () => {
  const copyOf = (thread: string): Promise<Loose> => okJson(server.post(`/threads/${thread}/copy`));

  it("has all states of the other, and goes its own way", async () => {
    const thread = await newThread(server, { metadata: { color: "red" } });
    await say(thread, "one");
    const copy = await copyOf(thread);
    expect(copy.thread_id).not.toBe(thread);
    expect(copy.metadata).toMatchObject({ color: "red", graph_id: "echo" });
    const own = { thread_id: copy.thread_id };
    const moved = (states: Loose[]) =>
      states.map(
        ({ checkpoint, parent_checkpoint, metadata: { thread_id: _, ...metadata }, ...one }) => ({
          ...one,
          metadata,
          checkpoint: { ...checkpoint, ...own },
          parent_checkpoint: parent_checkpoint && { ...parent_checkpoint, ...own },
        }),
      );
    expect(moved(await history(copy.thread_id))).toEqual(moved(await history(thread)));
    await say(copy.thread_id, "two");
    expect((await state(copy.thread_id)).values.messages).toHaveLength(4);
    expect((await state(thread)).values.messages).toHaveLength(2);
    expect(await okJson(server.get(`/threads/${copy.thread_id}/runs`))).toHaveLength(1);
    await server.del(`/threads/${thread}`);
    expect((await state(copy.thread_id)).values.messages).toHaveLength(4);
  });

  it("waits for the answer that the other waits for, each for its own", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id: "ask", input: {} });
    const { thread_id } = await copyOf(thread);
    expect((await threadOf(server, thread_id)).status).toBe("interrupted");
    const done = await runWait(server, thread_id, {
      assistant_id: "ask",
      command: { resume: "yes" },
    });
    expect(done).not.toHaveProperty("__interrupt__");
    expect((await threadOf(server, thread)).status).toBe("interrupted");
  });

  it("is idle while the other is busy", async () => {
    const thread = await newThread(server);
    const run = { assistant_id: "slow", input: { gate: thread } };
    await startRun(server, thread, run);
    await gate(thread).entered;
    const { thread_id, status } = await copyOf(thread);
    expect(status).toBe("idle");
    gate(thread).release();
    expect((await say(thread_id, "hi")).messages).toHaveLength(2);
  });

  it("is refused for a thread that is not there", async () => {
    await refusal(server.post(`/threads/${NOBODY}/copy`), 404);
  });
});

describe("threads by their values", () => {
  const mark = crypto.randomUUID();
  const ids: string[] = [];
  beforeAll(async () => {
    for (const word of ["red", "blue"]) {
      const thread = await newThread(server, { metadata: { mark } });
      ids.push(thread);
      await runWait(server, thread, { assistant_id: "nested", input: { word } });
    }
    ids.push(await newThread(server, { metadata: { mark } }));
  });
  const found = async (filter: object) => {
    const response = await server.post("/threads/search", { metadata: { mark }, ...filter });
    const rows = await okJson(response);
    return {
      ids: rows.map(({ thread_id }: Loose) => thread_id),
      total: response.headers.get("x-pagination-total"),
    };
  };
  const count = (filter: object): Promise<Loose> =>
    okJson(server.post("/threads/count", { metadata: { mark }, ...filter }));

  it("are found by plain values and counted", async () => {
    const [red] = ids;
    const values = { word: "red!" };
    const everything = await threadOf(server, red ?? "");
    expect(everything.values.above).toBe(`top ${everything.values.word}`);
    const wanted = { word: everything.values.word, above: everything.values.above };
    expect(await found({ values: wanted })).toEqual({ ids: [red], total: "1" });
    expect(await count({ values: wanted })).toBe(1);
    expect(await found({ values: { word: "green" } })).toEqual({ ids: [], total: "0" });
    expect(await count({})).toBe(3);
    expect(await count({ status: "idle", values })).toBe(await count({ values }));
  });

  it("are found by what is inside lists and long texts", async () => {
    const long = "羚".repeat(200);
    const thread = await newThread(server, { metadata: { mark: long.slice(0, 9) } });
    await say(thread, long);
    const body = {
      metadata: { mark: long.slice(0, 9) },
      values: { messages: [{ type: "human", content: long }] },
    };
    const rows = await okJson(server.post("/threads/search", body));
    expect(rows.map(({ thread_id }: Loose) => thread_id)).toEqual([thread]);
    expect(await okJson(server.post("/threads/count", body))).toBe(1);
    const other = { ...body, values: { messages: [{ content: "no" }] } };
    expect(await okJson(server.post("/threads/count", other))).toBe(0);
  });

  it("show only what is extracted and selected", async () => {
    const thread = await newThread(server, { metadata: { topic: "x" } });
    await say(thread, "hi");
    const [row] = await okJson(
      server.post("/threads/search", {
        ids: [thread],
        select: ["thread_id"],
        extract: {
          last: "values.messages[-1].content",
          topic: "metadata.topic",
          none: "values.nothing.here",
        },
      }),
    );
    expect(row).toEqual({
      thread_id: thread,
      extracted: { last: "echo: hi", topic: "x", none: null },
    });
  });

  it("refuse paths that are none, and more than ten", async () => {
    await refusal(server.post("/threads/search", { extract: { a: "values..b" } }), 422);
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`a${n}`, "values"]));
    await refusal(server.post("/threads/search", { extract: many }), 422);
  });
});

describe("POST /threads with supersteps", () => {
  const supersteps = [
    { updates: [{ values: { word: "a" }, as_node: "__input__" }] },
    { updates: [{ values: { word: "b", inside: "x" }, as_node: "branch" }] },
  ];

  it("has the states that the steps make", async () => {
    const thread = await okJson(
      server.post("/threads", { metadata: { graph_id: "nested" }, supersteps }),
    );
    expect(thread.values).toMatchObject({ word: "b" });
    expect(thread.status).toBe("interrupted");
    const { next, values } = await state(thread.thread_id);
    expect(next).toEqual(["top"]);
    expect(values.word).toBe("b");
    expect((await history(thread.thread_id)).length).toBe(2);
    const done = await runWait(server, thread.thread_id, { assistant_id: "nested", input: null });
    expect(done.above).toBe("top b");
  });

  it("is not made when a step is refused, or there is no graph", async () => {
    const thread_id = crypto.randomUUID();
    const wrong = [{ updates: [{ values: {}, as_node: "nobody" }] }];
    const body = { thread_id, metadata: { graph_id: "nested" }, supersteps: wrong };
    await refusal(server.post("/threads", body), 422);
    await refusal(server.get(`/threads/${thread_id}`), 404);
    await refusal(server.post("/threads", { thread_id, supersteps }), 400);
    await refusal(server.get(`/threads/${thread_id}`), 404);
  });
});

describe("states", () => {
  it("show only what is selected", async () => {
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id: "nested", input: { word: "w" } });
    expect(Object.keys(await state(thread, "?select=next&select=checkpoint"))).toEqual([
      "next",
      "checkpoint",
    ]);
    expect(Object.keys((await state(thread, "?select=values.word")).values)).toEqual(["word"]);
    const [newest] = await okJson(server.post(`/threads/${thread}/history`, { select: ["next"] }));
    expect(newest).toEqual({ next: [] });
    const { checkpoint } = await state(thread);
    const body = { checkpoint, select: ["values.above"] };
    expect(await okJson(server.post(`/threads/${thread}/state/checkpoint`, body))).toEqual({
      values: { above: expect.any(String) },
    });
  });

  it("take metadata, which are their thread's", async () => {
    const thread = await newThread(server, { metadata: { a: 1 } });
    const response = await server.patch(`/threads/${thread}/state`, { metadata: { b: 2 } });
    expect(response.status).toBe(204);
    expect((await threadOf(server, thread)).metadata).toMatchObject({ a: 1, b: 2 });
    await refusal(server.patch(`/threads/${NOBODY}/state`, { metadata: {} }), 404);
  });

  it("are run again from one of the past, as Studio does it", async () => {
    const thread = await newThread(server);
    const input = { word: "w" };
    await runWait(server, thread, { assistant_id: "nested", input });
    const past = (await history(thread)).find(({ next }: Loose) => next[0] === "branch");
    const { checkpoint_id } = past.checkpoint;
    const body = { values: null, as_node: "__copy__", checkpoint_id };
    const text = { "content-type": "text/plain;charset=UTF-8" };
    const { checkpoint } = await okJson(server.post(`/threads/${thread}/state`, body, text));
    expect(checkpoint.checkpoint_id).not.toBe(checkpoint_id);
    const copy = await state(thread, `/${checkpoint.checkpoint_id}`);
    expect(copy).toMatchObject({ next: ["branch"], values: past.values });
    expect(copy.metadata.source).toBe("fork");
    const done = await okJson(
      server.post(
        `/threads/${thread}/runs/wait`,
        { assistant_id: "nested", input: null, checkpoint_id: checkpoint.checkpoint_id },
        text,
      ),
    );
    expect(done.above).toBe("top w!");
  });
});
