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
} from "../support/calls.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const create = (body: object = {}): Promise<Loose> =>
  okJson(server.post("/assistants", { graph_id: "echo", ...body }));
const read = (id: string): Promise<Loose> => okJson(server.get(`/assistants/${id}`));
const patch = (id: string, body: object): Promise<Loose> =>
  okJson(server.patch(`/assistants/${id}`, body));
const versions = (id: string, body: object = {}): Promise<Loose> =>
  okJson(server.post(`/assistants/${id}/versions`, body));

describe("POST /assistants", () => {
  it("makes an assistant of a graph", async () => {
    const made = await create({
      name: "Parrot",
      description: "Repeats",
      config: { tags: ["a"] },
      context: { tone: "loud" },
      metadata: { team: "birds" },
    });
    expect(made).toMatchObject({
      graph_id: "echo",
      name: "Parrot",
      description: "Repeats",
      config: { tags: ["a"] },
      context: { tone: "loud" },
      metadata: { team: "birds" },
      version: 1,
    });
    expect(await read(made.assistant_id)).toEqual(made);
  });

  it("is called Untitled when it has no name", async () => {
    expect((await create()).name).toBe("Untitled");
  });

  it("refuses a graph that is not there", async () => {
    const body = await refusal(server.post("/assistants", { graph_id: "nope" }), 404);
    expect(body.detail).toContain("nope");
  });

  it("refuses an id that is taken, or answers what has it", async () => {
    const first = await create({ name: "first" });
    const { assistant_id } = first;
    const again = { graph_id: "echo", assistant_id, name: "second" };
    await refusal(server.post("/assistants", again), 409);
    await refusal(server.post("/assistants", { ...again, if_exists: "raise" }), 409);
    expect(await okJson(server.post("/assistants", { ...again, if_exists: "do_nothing" }))).toEqual(
      first,
    );
  });

  it("gives its context and config to its runs, which the run's own win over", async () => {
    const { assistant_id } = await create({
      context: { tone: "loud" },
      config: { configurable: { color: "red" } },
      metadata: { from: "assistant" },
    });
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id, input: human("hi"), metadata: { own: 1 } });
    const [run] = await okJson(server.get(`/threads/${thread}/runs`));
    expect(run).toMatchObject({
      assistant_id,
      metadata: { from: "assistant", own: 1 },
      kwargs: { context: { tone: "loud" }, config: { configurable: { color: "red" } } },
    });
  });
});

describe("versions", () => {
  it("come with every patch, and an earlier one can be put in force", async () => {
    const { assistant_id } = await create({ context: { a: 1, b: 1 }, metadata: { x: 1, y: 1 } });
    const second = await patch(assistant_id, { context: { a: 2 }, metadata: { x: 2 } });
    expect(second).toMatchObject({ version: 2, context: { a: 2 }, metadata: { x: 2, y: 1 } });
    expect(await read(assistant_id)).toEqual(second);
    const list = await versions(assistant_id);
    expect(list.map(({ version }: Loose) => version)).toEqual([2, 1]);
    expect(list[1]).toMatchObject({ assistant_id, context: { a: 1, b: 1 }, graph_id: "echo" });
    expect((await versions(assistant_id, { limit: 1, offset: 1 }))[0].version).toBe(1);
    expect(await versions(assistant_id, { metadata: { x: 2 } })).toHaveLength(1);
    const back = await okJson(server.post(`/assistants/${assistant_id}/latest`, { version: 1 }));
    expect(back).toMatchObject({ version: 1, context: { a: 1, b: 1 } });
    expect((await patch(assistant_id, { name: "third" })).version).toBe(3);
  });

  it("may move to another graph that is there", async () => {
    const { assistant_id } = await create();
    expect((await patch(assistant_id, { graph_id: "slow" })).graph_id).toBe("slow");
    await refusal(server.patch(`/assistants/${assistant_id}`, { graph_id: "nope" }), 404);
  });

  it("are refused where there is no assistant or no such version", async () => {
    await refusal(server.patch(`/assistants/${NOBODY}`, {}), 404);
    await refusal(server.post(`/assistants/${NOBODY}/versions`, {}), 404);
    await refusal(server.post(`/assistants/${NOBODY}/latest`, { version: 1 }), 404);
    const { assistant_id } = await create();
    const body = await refusal(
      server.post(`/assistants/${assistant_id}/latest`, { version: 9 }),
      404,
    );
    expect(body.detail).toContain("9");
    await refusal(server.post(`/assistants/${assistant_id}/latest`, {}), 422);
  });

  it("of a system assistant are one, which nobody changes", async () => {
    expect((await versions("echo")).map(({ version }: Loose) => version)).toEqual([1]);
    const { assistant_id } = await read("echo");
    for (const id of ["echo", assistant_id]) {
      const body = await refusal(server.patch(`/assistants/${id}`, { name: "x" }), 403);
      expect(body.detail).toContain("langgraph.json");
      await refusal(server.del(`/assistants/${id}`), 403);
      await refusal(server.post(`/assistants/${id}/latest`, { version: 1 }), 403);
    }
  });
});

describe("DELETE /assistants/:id", () => {
  it("deletes it, and leaves its threads", async () => {
    const { assistant_id } = await create();
    const thread = await newThread(server);
    await runWait(server, thread, { assistant_id, input: human("hi") });
    expect(await okJson(server.del(`/assistants/${assistant_id}`))).toEqual([assistant_id]);
    await refusal(server.get(`/assistants/${assistant_id}`), 404);
    await refusal(server.del(`/assistants/${assistant_id}`), 404);
    expect((await server.get(`/threads/${thread}`)).status).toBe(200);
  });

  it("deletes its threads too when asked, and no others", async () => {
    const { assistant_id } = await create();
    const [own, other] = [await newThread(server), await newThread(server)];
    await runWait(server, own, { assistant_id, input: human("hi") });
    await runWait(server, other, { assistant_id: "echo", input: human("hi") });
    await okJson(server.del(`/assistants/${assistant_id}?delete_threads=true`));
    await refusal(server.get(`/threads/${own}`), 404);
    expect((await server.get(`/threads/${other}`)).status).toBe(200);
  });
});

describe("POST /assistants/count", () => {
  it("counts what a search finds", async () => {
    const name = "Counted";
    await create({ name, metadata: { n: 1 } });
    await create({ name, metadata: { n: 2 } });
    expect(await okJson(server.post("/assistants/count", { name: "count" }))).toBe(2);
    expect(await okJson(server.post("/assistants/count", { name, metadata: { n: 2 } }))).toBe(1);
    expect(await okJson(server.post("/assistants/count", { graph_id: "nope" }))).toBe(0);
  });
});
