/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  newThread,
  NOBODY,
  okJson,
  refusal,
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

describe("POST /threads", () => {
  it("creates an idle thread", async () => {
    await using fresh = await testServer();
    const thread = await okJson(fresh.post("/threads", { metadata: { who: "a" } }));
    expect(thread).toEqual({
      thread_id: expect.stringMatching(/^[\da-f-]{36}$/),
      status: "idle",
      metadata: { who: "a" },
      config: {},
      interrupts: {},
      error: null,
      values: null,
      created_at: iso(START_MS),
      updated_at: iso(START_MS),
      state_updated_at: iso(START_MS),
      usage: expect.objectContaining({ calls: 0, total_tokens: 0, cost_micros: {} }),
    });
    expect(await threadOf(fresh, thread.thread_id)).toEqual(thread);
  });

  it("creates one without a body", async () => {
    const response = await server.request("/threads", { method: "POST" });
    expect((await okJson(response)).metadata).toEqual({});
  });

  it("takes the client's id and refuses it a second time", async () => {
    const thread_id = crypto.randomUUID();
    expect(await newThread(server, { thread_id })).toBe(thread_id);
    const body = await refusal(server.post("/threads", { thread_id }), 409);
    expect(body).toMatchObject({ code: "conflict", detail: expect.stringContaining(thread_id) });
    await refusal(server.post("/threads", { thread_id, if_exists: "raise" }), 409);
  });

  it("answers the thread that is there with if_exists do_nothing", async () => {
    const thread_id = await newThread(server, { metadata: { first: 1 } });
    await runWait(server, thread_id, { assistant_id: "echo", input: { note: "kept" } });
    const again = await okJson(
      server.post("/threads", { thread_id, if_exists: "do_nothing", metadata: { second: 2 } }),
    );
    expect(again.metadata).toMatchObject({ first: 1, graph_id: "echo" });
    expect(again.metadata).not.toHaveProperty("second");
    expect(again.values.note).toBe("kept");
  });

  it("knows an id in upper case as the same id", async () => {
    const thread_id = await newThread(server);
    expect((await threadOf(server, thread_id.toUpperCase())).thread_id).toBe(thread_id);
    await refusal(server.post("/threads", { thread_id: thread_id.toUpperCase() }), 409);
  });

  it("reads a text/plain body as JSON", async () => {
    const response = await server.request("/threads", {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: JSON.stringify({ metadata: { plain: true } }),
    });
    expect((await okJson(response)).metadata).toEqual({ plain: true });
  });

  it("ignores keys that it does not know", async () => {
    await okJson(server.post("/threads", { metadata: {}, ttl: { ttl: 5 }, from_the_future: [1] }));
  });
});

describe("GET, PATCH and DELETE /threads/:id", () => {
  it("answers 404 for an unknown thread", async () => {
    const body = await refusal(server.get(`/threads/${NOBODY}`), 404);
    expect(body).toMatchObject({ code: "not_found", detail: expect.stringContaining(NOBODY) });
    await refusal(server.patch(`/threads/${NOBODY}`, { metadata: {} }), 404);
    await refusal(server.del(`/threads/${NOBODY}`), 404);
    await refusal(server.get(`/threads/${NOBODY}/state`), 404);
    await refusal(server.get(`/threads/${NOBODY}/history`), 404);
    await refusal(server.get(`/threads/${NOBODY}/runs`), 404);
  });

  it("merges metadata key by key and moves updated_at", async () => {
    const thread_id = await newThread(server, { metadata: { a: 1, b: { c: 1 } } });
    const before = await threadOf(server, thread_id);
    server.advance(5000);
    const patched = await okJson(
      server.patch(`/threads/${thread_id}`, { metadata: { b: { d: 2 }, e: 3 } }),
    );
    expect(patched.metadata).toEqual({ a: 1, b: { d: 2 }, e: 3 });
    expect(patched.created_at).toBe(before.created_at);
    expect(Date.parse(patched.updated_at)).toBe(Date.parse(before.updated_at) + 5000);
    expect(await threadOf(server, thread_id)).toEqual(patched);
  });

  it("answers 204 to a client that wants no representation back", async () => {
    const thread_id = await newThread(server);
    const response = await server.patch(
      `/threads/${thread_id}`,
      { metadata: { a: 1 } },
      { prefer: "return=minimal" },
    );
    expect(response.status).toBe(204);
    expect((await threadOf(server, thread_id)).metadata).toEqual({ a: 1 });
  });

  it("deletes a thread with its runs and states", async () => {
    const thread_id = await newThread(server);
    await runWait(server, thread_id, { assistant_id: "echo", input: { note: "a" } });
    expect((await server.del(`/threads/${thread_id}`)).status).toBe(204);
    await refusal(server.get(`/threads/${thread_id}`), 404);
    await refusal(server.del(`/threads/${thread_id}`), 404);

    await newThread(server, { thread_id });
    expect(await okJson(server.get(`/threads/${thread_id}/history`))).toEqual([]);
    expect(await okJson(server.get(`/threads/${thread_id}/runs`))).toEqual([]);
    expect((await threadOf(server, thread_id)).values).toBeNull();
  });

  it("aborts what runs on a thread that is deleted", async () => {
    const thread_id = await newThread(server);
    const held = gate(thread_id);
    const waiting = server.post(`/threads/${thread_id}/runs/wait`, {
      assistant_id: "slow",
      input: { gate: thread_id },
    });
    await held.entered;
    expect((await server.del(`/threads/${thread_id}`)).status).toBe(204);
    await held.aborted;
    expect((await waiting).status).toBe(200);
    await (await waiting).text();
    await refusal(server.get(`/threads/${thread_id}`), 404);
  });
});

describe("POST /threads/search", () => {
  let box: TestServer;
  const ids: string[] = [];
  beforeAll(async () => {
    box = await testServer();
    for (const [index, name] of ["ann", "bob", "cid", "dan", "eve"].entries()) {
      ids.push(
        await newThread(box, {
          metadata: { name, even: index % 2 === 0, deep: { n: index, tag: ["x", name] } },
        }),
      );
      box.advance(1000);
    }
  });
  afterAll(() => box[Symbol.asyncDispose]());

  const search = async (body: object) => {
    const response = await box.post("/threads/search", body);
    const { headers } = response;
    const found = await okJson(response);
    return {
      found,
      names: found.map(({ metadata }: { metadata?: { name: string } }) => metadata?.name),
      total: headers.get("x-pagination-total"),
      next: headers.get("x-pagination-next"),
    };
  };

  it("answers newest first, with the total and no next page", async () => {
    const { names, total, next } = await search({});
    expect(names).toEqual(["eve", "dan", "cid", "bob", "ann"]);
    expect(total).toBe("5");
    expect(next).toBeNull();
  });

  it("pages, and tells where the next page starts while there is one", async () => {
    const first = await search({ limit: 2 });
    expect(first).toMatchObject({ names: ["eve", "dan"], total: "5", next: "2" });
    const second = await search({ limit: 2, offset: Number(first.next) });
    expect(second).toMatchObject({ names: ["cid", "bob"], next: "4" });
    const third = await search({ limit: 2, offset: Number(second.next) });
    expect(third).toMatchObject({ names: ["ann"], total: "5", next: null });
    expect(await search({ limit: 5 })).toMatchObject({ total: "5", next: null });
    expect(await search({ offset: 99 })).toMatchObject({ names: [], total: "5", next: null });
  });

  it.each([
    ["a value", { name: "bob" }, ["bob"]],
    ["a boolean", { even: true }, ["eve", "cid", "ann"]],
    ["part of an object", { deep: { n: 3 } }, ["dan"]],
    ["part of an array", { deep: { tag: ["cid"] } }, ["cid"]],
    ["two keys", { even: true, deep: { tag: ["x"] } }, ["eve", "cid", "ann"]],
    ["no match", { name: "zoe" }, []],
    ["a number that is text", { deep: { n: "3" } }, []],
    ["nothing", {}, ["eve", "dan", "cid", "bob", "ann"]],
  ])("filters by metadata: %s", async (_, metadata, expected) => {
    expect((await search({ metadata })).names).toEqual(expected);
  });

  it("filters by ids and by status", async () => {
    expect((await search({ ids: [ids[1], ids[3], NOBODY] })).names).toEqual(["dan", "bob"]);
    expect((await search({ ids: [] })).names).toEqual([]);
    expect((await search({ status: "idle" })).names).toHaveLength(5);
    expect(await search({ status: "busy" })).toMatchObject({ names: [], total: "0" });
  });

  it("sorts as asked", async () => {
    const oldestFirst = { sort_by: "created_at", sort_order: "asc" };
    expect((await search(oldestFirst)).names).toEqual(["ann", "bob", "cid", "dan", "eve"]);
    await okJson(box.patch(`/threads/${ids[1]}`, { metadata: {} }));
    expect((await search({ sort_by: "updated_at" })).names[0]).toBe("bob");
    const byId = await search({ sort_by: "thread_id", sort_order: "asc" });
    expect(byId.found.map((thread: { thread_id: string }) => thread.thread_id)).toEqual(
      ids.toSorted(),
    );
  });

  it("answers only the fields that are selected", async () => {
    const { found } = await search({ ids: [ids[0]], select: ["thread_id", "status"] });
    expect(found).toEqual([{ thread_id: ids[0], status: "idle" }]);
  });

  it("finds a thread by the graph that ran on it, with its values", async () => {
    await runWait(box, ids[2] ?? "", { assistant_id: "echo", input: { note: "hello" } });
    const { found } = await search({ metadata: { graph_id: "echo" } });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ thread_id: ids[2], values: { note: "hello" } });
  });

  it("finds the busy ones while a run is in progress", async () => {
    const held = gate("search");
    await startRun(box, ids[4] ?? "", { assistant_id: "slow", input: { gate: "search" } });
    await held.entered;
    expect((await search({ status: "busy" })).names).toEqual(["eve"]);
    held.release();
  });

  it("leaves out the threads of stateless runs", async () => {
    const before = (await search({ limit: 1 })).total;
    await okJson(box.post("/runs/wait", { assistant_id: "echo", input: { note: "x" } }));
    expect((await search({ limit: 1 })).total).toBe(before);
  });

  it.each([
    [{ limit: 0 }],
    [{ limit: 1001 }],
    [{ limit: "1;" }],
    [{ limit: 1.5 }],
    [{ offset: -1 }],
    [{ status: "sleeping" }],
    [{ sort_by: "metadata; drop table thread" }],
    [{ sort_order: "sideways" }],
    [{ ids: ["nope"] }],
    [{ metadata: "text" }],
    [{ select: "thread_id" }],
  ])("refuses %j", async (body) => {
    expect((await refusal(box.post("/threads/search", body), 422)).code).toBe("validation");
  });
});
