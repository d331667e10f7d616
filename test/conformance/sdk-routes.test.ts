import { Client } from "@langchain/langgraph-sdk";
import { StateGraph, StateSchema, START } from "@langchain/langgraph";
import { RemoteGraph } from "@langchain/langgraph/remote";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Loose } from "../support/calls.ts";
import { gate } from "../support/gates.ts";
import { type ListeningServer, startTestServer } from "../support/test-server.ts";

let server: ListeningServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer();
  client = new Client({ apiUrl: server.url, apiKey: null });
});
afterAll(() => server[Symbol.asyncDispose]());

const human = (content: string) => ({ messages: [{ type: "human", content }] });

async function collect(stream: AsyncIterable<unknown>): Promise<Loose[]> {
  const parts: Loose[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

describe("every route of the official client", () => {
  it("assistants", async () => {
    const { assistants } = client;
    const made = await assistants.create({ graphId: "echo", name: "Parrot", metadata: { x: 1 } });
    expect(await assistants.get(made.assistant_id)).toEqual(made);
    const patched = await assistants.update(made.assistant_id, { graphId: "echo", name: "Echo" });
    expect(patched).toMatchObject({ version: 2, name: "Echo" });
    const versions = await assistants.getVersions(made.assistant_id);
    expect(versions.map(({ version }) => version)).toEqual([2, 1]);
    expect((await assistants.setLatest(made.assistant_id, 1)).name).toBe("Parrot");
    const page = await assistants.search({ metadata: { x: 1 }, includePagination: true });
    expect(page).toMatchObject({ assistants: [{ assistant_id: made.assistant_id }], next: null });
    expect(await assistants.count({ metadata: { x: 1 } })).toBe(1);
    expect((await assistants.getGraph("nested", { xray: true })).nodes.length).toBeGreaterThan(4);
    expect((await assistants.getSchemas(made.assistant_id)).graph_id).toBe("echo");
    expect(Object.keys(await assistants.getSubgraphs("deep", { recurse: true }))).toHaveLength(2);
    await assistants.delete(made.assistant_id);
    await expect(assistants.get(made.assistant_id)).rejects.toThrow("404");
  });

  it("threads", async () => {
    const { threads } = client;
    const { thread_id } = await threads.create({
      metadata: { mark: "sdk" },
      graphId: "nested",
      ttl: 60,
      supersteps: [
        { updates: [{ values: { word: "z" }, asNode: "__input__" }] },
        { updates: [{ values: { word: "a" }, asNode: "branch" }] },
      ],
    });
    expect((await threads.get(thread_id, { include: ["ttl"] })).metadata).toMatchObject({
      mark: "sdk",
    });
    await threads.update(thread_id, { metadata: { b: 2 }, returnMinimal: true });
    await threads.patchState(thread_id, { c: 3 });
    const [found] = await threads.search({
      metadata: { mark: "sdk", b: 2, c: 3 },
      values: { word: "a" },
      sortBy: "state_updated_at",
      select: ["thread_id"],
      extract: { word: "values.word" },
    });
    expect(found).toEqual({ thread_id, extracted: { word: "a" } });
    expect(await threads.count({ metadata: { mark: "sdk" } })).toBe(1);
    // What the server answers is more than the client's type says.
    const { checkpoint }: Loose = await threads.updateState(thread_id, {
      values: { word: "b" },
      asNode: "branch",
    });
    expect((await threads.getState(thread_id)).next).toEqual(["top"]);
    expect((await threads.getState(thread_id, String(checkpoint.checkpoint_id))).next).toEqual([
      "top",
    ]);
    const at = await threads.getState(thread_id, checkpoint, { subgraphs: true });
    expect(at.values).toMatchObject({ word: "b" });
    expect(await threads.getHistory(thread_id, { limit: 1 })).toHaveLength(1);
    const copy = await threads.copy(thread_id);
    expect((await threads.getState(copy.thread_id)).next).toEqual(["top"]);
    expect(await threads.prune([copy.thread_id])).toEqual({ pruned_count: 1 });
    await threads.delete(thread_id);
    await expect(threads.get(thread_id)).rejects.toThrow("404");
  });

  it("runs", async () => {
    const { runs, threads } = client;
    const { thread_id } = await threads.create();
    const batch = await runs.createBatch([
      { assistantId: "echo", input: human("a"), metadata: { n: 1 } },
      { assistantId: "echo", input: human("b") },
    ]);
    expect(batch).toHaveLength(2);
    const run = await runs.create(thread_id, "slow", { input: { gate: thread_id } });
    await gate(thread_id).entered;
    const queued: Loose = await runs.create(thread_id, "echo", { input: human("later") });
    const listed: Loose = await runs.list(thread_id, {
      status: "pending",
      select: ["run_id", "kwargs"],
    });
    expect(listed).toEqual([{ run_id: queued.run_id, kwargs: queued.kwargs }]);
    await runs.cancelMany({ threadId: thread_id, runIds: [queued.run_id], action: "interrupt" });
    expect((await runs.get(thread_id, queued.run_id)).status).toBe("interrupted");
    await runs.cancel(thread_id, run.run_id, true, "rollback");
    await expect(runs.get(thread_id, run.run_id)).rejects.toThrow("404");
    await runs.delete(thread_id, queued.run_id);
    const values: Loose = await runs.wait(thread_id, "echo", { input: human("hi") });
    expect(values.messages.at(-1).content).toBe("echo: hi");
    await expect(runs.wait(thread_id, "failing", { input: {} })).rejects.toThrow("BoomError");
    const streamed = await collect(
      runs.stream(null, "echo", { input: human("hi"), streamMode: ["events", "updates"] }),
    );
    expect(streamed.some(({ event }) => event === "events")).toBe(true);
    const [last] = await runs.list(thread_id);
    expect(await runs.join(thread_id, last?.run_id ?? "")).toBeDefined();
    const joined = await collect(
      runs.joinStream(thread_id, last?.run_id ?? "", { streamMode: ["updates", "values"] }),
    );
    expect(joined.at(-1).event).toBe("end");
  });

  it("the stream of a thread", async () => {
    const { thread_id } = await client.threads.create();
    await client.runs.wait(thread_id, "echo", { input: human("hi") });
    const events: string[] = [];
    let state: Loose;
    for await (const { event, data } of client.threads.joinStream(thread_id, {
      lastEventId: "-",
      streamMode: ["run_modes", "state_update"],
    })) {
      events.push(event);
      state = data;
      if (event === "state_update") break;
    }
    expect(state.values.messages).toHaveLength(2);
    expect(events).toEqual(["metadata", "values", "values", "metadata", "state_update"]);
  });
});

describe("RemoteGraph", () => {
  const remote = (graphId: string) => new RemoteGraph({ graphId, client });

  it("invokes, streams, and reads and writes states", async () => {
    const graph = remote("nested");
    const { thread_id } = await client.threads.create();
    const config = { configurable: { thread_id } };
    const values = await graph.invoke({ word: "w" }, config);
    expect(values).toMatchObject({ word: "w!" });
    expect((await graph.getState(config)).values).toEqual(values);
    const next = await graph.updateState(config, { word: "x" }, "branch");
    expect((await graph.getState(next)).next).toEqual(["top"]);
    const history = await collect(graph.getStateHistory(config, { limit: 2 }));
    expect(history).toHaveLength(2);
    const before = await collect(graph.getStateHistory(config, { before: history[1].config }));
    expect(before[0].config.configurable.checkpoint_id).not.toBe(
      history[1].config.configurable.checkpoint_id,
    );
    const drawn = await graph.getGraphAsync({ xray: true });
    expect(Object.keys(drawn.nodes)).toContain("branch:leaf");
    const subgraphs = await collect(graph.getSubgraphsAsync(undefined, true));
    expect(subgraphs.map(([name]: Loose) => name)).toEqual(["branch"]);
  });

  it("is a node of another graph, whose stream shows what happens in it", async () => {
    const State = new StateSchema({ word: z.string(), above: z.string().optional() });
    const parent = new StateGraph(State)
      .addNode("far", remote("nested"))
      .addEdge(START, "far")
      .compile();
    const parts = await collect(
      await parent.stream({ word: "w" }, { streamMode: "updates", subgraphs: true }),
    );
    const [, update] = parts.at(-1);
    expect(update.far).toMatchObject({ word: "w!" });
    const inner = parts.filter(([ns]: Loose) => ns.length > 0);
    expect(inner.length).toBeGreaterThan(1);
  });

  it("raises what the remote graph asks", async () => {
    const { thread_id } = await client.threads.create();
    const config = { configurable: { thread_id }, streamMode: "values" as const };
    const streamed = async () => collect(await remote("ask").stream({}, config));
    await expect(streamed()).rejects.toThrow("sure?");
    expect((await client.threads.get(thread_id)).status).toBe("interrupted");
  });
});
