import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { human, type Loose, okJson, refusal } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { project } from "../support/project.ts";
import { TEST_GRAPHS, type TestServer, testServer } from "../support/test-server.ts";

const AUTH = fileURLToPath(new URL("../support/auth/owners.ts", import.meta.url));
const ann = { authorization: "Bearer user:ann" };
const bob = { authorization: "Bearer user:bob" };

const graphAt = (name: string) => `${TEST_GRAPHS.replace("langgraph.json", name)}.ts:graph`;
const folder = project({
  auth: { path: `${AUTH}:auth` },
  graphs: { echo: graphAt("echo"), slow: graphAt("slow") },
});
let server: TestServer;
let thread: string;
let run: Loose;
beforeAll(async () => {
  server = await testServer({ langgraph: folder.langgraph });
  ({ thread_id: thread } = await okJson(server.post("/threads", { metadata: { a: 1 } }, ann)));
  const body = { assistant_id: "slow", input: { gate: thread } };
  run = await okJson(server.post(`/threads/${thread}/runs`, body, ann));
  await gate(thread).entered;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

describe("what belongs to somebody else", () => {
  it("is neither copied, streamed, counted nor patched", async () => {
    await refusal(server.post(`/threads/${thread}/copy`, undefined, bob), 404);
    await refusal(server.get(`/threads/${thread}/stream`, bob), 404);
    await refusal(server.patch(`/threads/${thread}/state`, { metadata: { b: 1 } }, bob), 404);
    expect(await okJson(server.post("/threads/count", { metadata: { a: 1 } }, bob))).toBe(0);
    expect(await okJson(server.post("/threads/count", { metadata: { a: 1 } }, ann))).toBe(1);
  });

  it("is not cancelled, whether by name or with all there is", async () => {
    await refusal(server.post("/runs/cancel", { run_ids: [run.run_id] }, bob), 404);
    const body = { status: "all", thread_id: thread };
    await refusal(server.post("/runs/cancel", body, bob), 404);
    expect((await server.post("/runs/cancel", { status: "all" }, bob)).status).toBe(204);
    await refusal(server.post(`/runs/${run.run_id}/cancel`, undefined, bob), 404);
    await refusal(server.get(`/runs/${run.run_id}`, bob), 404);
    const { status } = await okJson(server.get(`/threads/${thread}/runs/${run.run_id}`, ann));
    expect(status).toBe("running");
  });

  it("gets no run of a batch, nor does any other thread of it", async () => {
    const own = await okJson(server.post("/threads", {}, bob));
    const body = [own.thread_id, thread].map((thread_id) => ({
      assistant_id: "echo",
      input: human("hi"),
      thread_id,
    }));
    await refusal(server.post("/runs/batch", body, bob), 404);
    expect(await okJson(server.get(`/threads/${own.thread_id}/runs`, bob))).toEqual([]);
  });

  it("is copied for its owner, whose the copy is", async () => {
    const copy = await okJson(server.post(`/threads/${thread}/copy`, undefined, ann));
    expect(copy.metadata).toMatchObject({ owner: "ann", a: 1 });
    await refusal(server.get(`/threads/${copy.thread_id}`, bob), 404);
  });

  it("is no assistant to change, to list versions of or to run", async () => {
    const body = { graph_id: "echo", name: "Ann's" };
    const { assistant_id } = await okJson(server.post("/assistants", body, ann));
    const path = `/assistants/${assistant_id}`;
    await refusal(server.patch(path, { name: "Bob's" }, bob), 404);
    await refusal(server.post(`${path}/versions`, {}, bob), 404);
    await refusal(server.post(`${path}/latest`, { version: 1 }, bob), 404);
    await refusal(server.post("/runs", { assistant_id, input: {} }, bob), 404);
    const gone = server.request(path, { method: "DELETE", headers: bob });
    await refusal(gone, 404);
    expect((await okJson(server.get(path, ann))).name).toBe("Ann's");
    expect(await okJson(server.post("/assistants/count", { name: "ann's" }, bob))).toBe(0);
  });
});
