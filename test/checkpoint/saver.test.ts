import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Command } from "@langchain/langgraph";
import {
  emptyCheckpoint,
  MemorySaver,
  uuid6,
  type BaseCheckpointSaver,
  type Checkpoint,
} from "@langchain/langgraph-checkpoint";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FencedSaver } from "../../src/checkpoint/saver.ts";
import { LeaseLostError } from "../../src/core/errors.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { start } from "../contract/samples.ts";
import { askingGraph, nestedGraph, stepsGraph } from "./graphs.ts";

let storage: Storage;
let saver: FencedSaver;
const config = { configurable: { thread_id: "t" } };
const metadata = { source: "loop" as const, step: 0, parents: {} };

beforeEach(async () => {
  storage = await openStorage({ dataDir: ":memory:" });
  saver = new FencedSaver(storage.checkpoints);
});

afterEach(() => storage.close());

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const checkpointOf = (
  channel_values: Record<string, unknown>,
  channel_versions: Record<string, number>,
): Checkpoint => ({ ...emptyCheckpoint(), id: uuid6(0), channel_values, channel_versions });

/** Runs a graph, runs it again from an early state, and answers the whole history. */
const travel = async (checkpointer: BaseCheckpointSaver) => {
  const graph = stepsGraph(checkpointer);
  await graph.invoke({ steps: ["in"], note: "n" }, config);
  const history = await collect(graph.getStateHistory(config));
  const beforeA = history.find(({ next }) => next[0] === "a");
  if (beforeA === undefined) throw new Error("The state before a is missing");
  const again = await graph.invoke(null, beforeA.config);
  const whole = await collect(graph.getStateHistory(config));
  return [
    again,
    whole.map(({ values, next, metadata: { source, step } = {} }) => ({
      values,
      next,
      source,
      step,
    })),
  ];
};

describe("forks", () => {
  it("keeps the branches of a graph's thread apart, and the trunk", async () => {
    const graph = stepsGraph(saver);
    await graph.invoke({ steps: ["in"], note: "trunk" }, config);
    const history = await collect(graph.getStateHistory(config));
    const afterA = history.find(({ next }) => next[0] === "b");
    if (afterA === undefined) throw new Error("The state after a is missing");

    const left = await graph.updateState(afterA.config, { steps: ["left"], note: "left" }, "a");
    const right = await graph.updateState(afterA.config, { steps: ["right"] }, "a");
    const leftEnd = await graph.invoke(null, left);
    const rightEnd = await graph.invoke(null, right);

    expect(leftEnd).toEqual({ steps: ["in", "a", "left", "b"], note: "left" });
    expect(rightEnd).toEqual({ steps: ["in", "a", "right", "b"], note: "trunk" });
    const valuesAt = async (at: typeof left) => (await graph.getState(at)).values;
    expect(await valuesAt(left)).toEqual({ steps: ["in", "a", "left"], note: "left" });
    expect(await valuesAt(right)).toEqual({ steps: ["in", "a", "right"], note: "trunk" });
    expect(await valuesAt(afterA.config)).toEqual({ steps: ["in", "a"], note: "trunk" });
    for (const before of history) {
      const { values, next } = await graph.getState(before.config);
      expect({ values, next }).toEqual({ values: before.values, next: before.next });
    }
    expect(await valuesAt(config)).toEqual(rightEnd);
  });

  it("keeps branches apart whose values bear one integer version", async () => {
    const put = (parent: typeof config, checkpoint: Checkpoint) =>
      saver.put(parent, checkpoint, metadata, checkpoint.channel_versions);
    const read = async (at: Awaited<ReturnType<typeof put>>) =>
      (await saver.getTuple(at))?.checkpoint.channel_values;
    const trunk = await put(config, checkpointOf({ a: "a", b: "b" }, { a: 1, b: 1 }));
    const at = (place: Awaited<ReturnType<typeof put>>) => ({
      configurable: { thread_id: "t", ...place.configurable },
    });
    const left = await put(at(trunk), checkpointOf({ a: "left", b: "b" }, { a: 2, b: 1 }));
    const right = await put(at(trunk), checkpointOf({ a: "right", b: "b" }, { a: 2, b: 1 }));
    const leftEnd = await put(at(left), checkpointOf({ a: "left", b: "L" }, { a: 2, b: 3 }));
    const rightEnd = await put(at(right), checkpointOf({ a: "right", b: "R" }, { a: 2, b: 3 }));
    expect(await read(trunk)).toEqual({ a: "a", b: "b" });
    expect(await read(left)).toEqual({ a: "left", b: "b" });
    expect(await read(right)).toEqual({ a: "right", b: "b" });
    expect(await read(leftEnd)).toEqual({ a: "left", b: "L" });
    expect(await read(rightEnd)).toEqual({ a: "right", b: "R" });
  });

  it("copies a checkpoint whole, the first one too", async () => {
    const { fence } = await start(storage, "r", { thread_id: "t" });
    const graph = stepsGraph(new FencedSaver(storage.checkpoints, { fence }));
    await graph.invoke({ steps: ["in"], note: "n".repeat(200) }, config);
    for (const { values, next, config: at } of await collect(graph.getStateHistory(config))) {
      const copy = await graph.updateState(at, null, "__copy__");
      expect(await graph.getState(copy)).toMatchObject({ values, next });
      const original = await saver.getTuple(at);
      const { checkpoint } = (await saver.getTuple(copy)) ?? {};
      expect(checkpoint?.channel_values).toEqual(original?.checkpoint.channel_values);
    }
  });

  it("travels in time as LangGraph's own saver does", async () => {
    expect(await travel(saver)).toEqual(await travel(new MemorySaver()));
  });
});

describe("a graph on the saver", () => {
  it("keeps the state of a subgraph under its own namespace, and resumes it", async () => {
    const graph = nestedGraph(saver);
    await graph.invoke({ steps: ["in"] }, config);
    const state = await graph.getState(config, { subgraphs: true });
    const inner = state.tasks[0]?.state;
    expect(inner).toMatchObject({ values: { steps: ["in", "first"] }, next: ["ask"] });
    const stored = await storage.checkpoints.list({ thread_id: "t" });
    const namespaces = new Set(stored.map(({ checkpoint_ns }) => checkpoint_ns.split(":")[0]));
    expect(namespaces).toEqual(new Set(["", "inner"]));
    expect(await graph.invoke(new Command({ resume: "this one" }), config)).toMatchObject({
      steps: ["in", "in", "first", "this one"],
    });
  });

  it("gives messages back as messages", async () => {
    const graph = askingGraph(saver);
    await graph.invoke({ messages: [{ role: "user", content: "你好" }] }, config);
    const { messages } = (await askingGraph(saver).getState(config)).values;
    expect(messages[0]).toBeInstanceOf(HumanMessage);
    expect(messages[1]).toBeInstanceOf(AIMessage);
    expect(messages[1]).toMatchObject({ id: "ai", content: "好的" });
  });

  it("resumes an interrupt after its process was killed", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "kagari-saver-"));
    const script = join(import.meta.dirname, "ask-and-die.ts");
    const child = spawn(process.execPath, [script, dataDir], { stdio: "inherit" });
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);

    const reopened = await openStorage({ dataDir });
    const graph = askingGraph(new FencedSaver(reopened.checkpoints));
    const state = await graph.getState(config);
    expect(state.next).toEqual(["ask"]);
    expect(state.tasks[0]?.interrupts).toMatchObject([{ value: { question: "Go on?" } }]);
    const { messages } = await graph.invoke(new Command({ resume: "yes" }), config);
    expect(messages.map(({ content }) => content)).toEqual(["你好，我叫羚伊", "好的", "yes"]);
    await reopened.close();
    rmSync(dataDir, { recursive: true });
  });

  it("stores each value once", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "kagari-saver-"));
    const onFile = await openStorage({ dataDir });
    const graph = stepsGraph(new FencedSaver(onFile.checkpoints));
    const note = "n".repeat(1000);
    await graph.invoke({ steps: [], note }, config);
    await graph.invoke({ steps: ["again"] }, config);
    await onFile.close();
    const database = new DatabaseSync(join(dataDir, "kagari.db"));
    const notes = "select count(*) as n from checkpoint_part where value like '%nnn%'";
    // Once as the input that holds it, and once as what the channel holds.
    expect(database.prepare(notes).get()).toMatchObject({ n: 2 });
    expect(database.prepare("select count(*) as n from checkpoint").get()).toMatchObject({ n: 8 });
    expect(
      database.prepare("select max(length(checkpoint)) < 1000 as small from checkpoint").get(),
    ).toMatchObject({ small: 1 });
    database.close();
    rmSync(dataDir, { recursive: true });
  });

  it("goes on under durability exit and async", async () => {
    for (const durability of ["exit", "async"] as const) {
      const at = { configurable: { thread_id: durability }, durability };
      const graph = askingGraph(saver);
      await graph.invoke({ messages: [] }, at);
      await graph.invoke(null, at);
      const { messages } = await graph.invoke(new Command({ resume: "yes" }), at);
      expect(messages.map(({ content }) => content)).toEqual(["好的", "yes"]);
      for await (const { checkpoint, parentConfig } of saver.list(at)) {
        expect(parentConfig?.configurable?.["checkpoint_id"]).not.toBe(checkpoint.id);
      }
    }
  });
});

describe("a fenced saver", () => {
  it("writes for its run, which the metadata names, and not for one it was copied from", async () => {
    const { fence } = await start(storage, "r", { thread_id: "t" });
    const fenced = new FencedSaver(storage.checkpoints, { fence });
    await stepsGraph(fenced).invoke({ steps: [] }, config);
    const ofRun = await collect(saver.list(config, { filter: { run_id: "r" } }));
    expect(ofRun).toHaveLength(4);
    const manual = await stepsGraph(saver).updateState(config, { note: "manual" });
    const updated = await saver.getTuple(manual);
    expect(updated?.metadata).toMatchObject({ source: "update" });
    expect(updated?.metadata).not.toHaveProperty("run_id");
    const copied = { ...metadata, run_id: "another" };
    const own = await fenced.put(config, checkpointOf({}, {}), copied, {});
    expect((await saver.getTuple(own))?.metadata).toEqual({ ...metadata, run_id: "r" });
    const nobodys = await saver.put(config, checkpointOf({}, {}), copied, {});
    expect((await saver.getTuple(nobodys))?.metadata).toEqual(metadata);
  });

  it("is refused once its run is another worker's", async () => {
    const { fence } = await start(storage, "r", { thread_id: "t" });
    const fenced = new FencedSaver(storage.checkpoints, { fence });
    const graph = stepsGraph(fenced);
    await graph.invoke({ steps: [], note: "first" }, config);
    await storage.runs.takeOver(20);
    const late = graph.invoke({ steps: [], note: "late" }, { ...config, durability: "sync" });
    await expect(late).rejects.toThrow(LeaseLostError);
    expect((await stepsGraph(saver).getState(config)).values).toMatchObject({ note: "first" });
  });

  it("leaves a thread as it was when its run is rolled back", async () => {
    const graph = askingGraph(saver);
    await graph.invoke({ messages: [] }, config);
    const before = await graph.getState(config);
    const { fence } = await start(storage, "r", { thread_id: "t" });
    const fenced = askingGraph(new FencedSaver(storage.checkpoints, { fence }));
    await fenced.invoke(new Command({ resume: "yes" }), config);
    expect((await graph.getState(config)).next).toEqual([]);
    const outcome = {
      status: "interrupted" as const,
      error: null,
      rest_status: "interrupted" as const,
      interrupts: {},
    };
    await storage.runs.finish(fence, { outcome, events: [], now: 20, remove: "run" });
    expect(await graph.getState(config)).toEqual(before);
    const { messages } = await graph.invoke(new Command({ resume: "no" }), config);
    expect(messages.at(-1)?.content).toBe("no");
  });
});

it("stores a thread anew that was deleted and made again", async () => {
  const graph = stepsGraph(saver);
  const input = {
    steps: Array.from({ length: 100 }, (_, n) => `step ${n}`),
    note: "n".repeat(200),
  };
  const before = await graph.invoke(input, config);
  await storage.checkpoints.deleteThread("t");
  expect(await graph.invoke(input, config)).toEqual(before);
  const reader = stepsGraph(new FencedSaver(storage.checkpoints));
  expect((await reader.getState(config)).values).toEqual(before);
});

describe("list", () => {
  it("goes over any number of checkpoints, newest first, in parts", async () => {
    const sizes: (number | undefined)[] = [];
    const { checkpoints } = storage;
    const reader = new FencedSaver({
      put: (row, input) => checkpoints.put(row, input),
      putWrites: (key, input) => checkpoints.putWrites(key, input),
      get: (key) => checkpoints.get(key),
      parts: (threadId, ids) => checkpoints.parts(threadId, ids),
      isAnswerWaiting: (run) => checkpoints.isAnswerWaiting(run),
      deleteThread: (threadId) => checkpoints.deleteThread(threadId),
      list: (query) => {
        sizes.push(query.limit);
        return checkpoints.list(query);
      },
    });
    const ids: string[] = [];
    for (let n = 0; n < 120; n += 1) {
      const checkpoint = checkpointOf({ n }, { n: n + 1 });
      ids.unshift(checkpoint.id);
      await saver.put(config, checkpoint, { ...metadata, step: n }, { n: n + 1 });
    }
    const at = { configurable: { thread_id: "t", checkpoint_ns: "" } };
    const idsOf = async (options?: Parameters<typeof saver.list>[1]) =>
      (await collect(reader.list(at, options))).map(({ checkpoint }) => checkpoint.id);
    expect(await idsOf()).toEqual(ids);
    expect(sizes.splice(0)).toEqual([50, 50, 50]);
    expect(await idsOf({ limit: 101 })).toEqual(ids.slice(0, 101));
    expect(sizes).toEqual([50, 50, 1]);
    expect(await idsOf({ limit: 0 })).toEqual([]);
    const before = { configurable: { checkpoint_id: ids[9] } };
    expect(await idsOf({ before, limit: 60 })).toEqual(ids.slice(10, 70));
    expect(await idsOf({ filter: { step: 3 } })).toEqual([ids[116]]);
  });

  it("takes an undefined filter value as one that nothing has", async () => {
    await saver.put(config, checkpointOf({}, {}), metadata, {});
    expect(await collect(saver.list(config, { filter: { owner: undefined } }))).toEqual([]);
    expect(await collect(saver.list(config, { filter: {} }))).toHaveLength(1);
  });
});
