import type { BaseMessage } from "@langchain/core/messages";
import type { StateSnapshot } from "@langchain/langgraph";
import { MemorySaver, type BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PartCache } from "../../src/checkpoint/part-cache.ts";
import { FencedSaver } from "../../src/checkpoint/saver.ts";
import type { Fence } from "../../src/domain/run.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { start } from "../contract/samples.ts";
import { DEEDS, deltaGraph, LONG, nestedGraph, plainGraph } from "./conversation.ts";

let storage: Storage;
let fence: Fence;
let cache: PartCache;
const thread = { configurable: { thread_id: "t" } };

beforeEach(async () => {
  storage = await openStorage({ dataDir: ":memory:" });
  ({ fence } = await start(storage, "r", { thread_id: "t" }));
  cache = new PartCache();
});

afterEach(() => storage.close());

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}

type Graph = ReturnType<typeof plainGraph>;

interface Step {
  plan: string;
  durability: "sync" | "async" | "exit";
  /** Goes on from this place in the history, the newest first. */
  from?: number;
  /** Changes the state by hand. */
  isUpdate: boolean;
}

/** Deeds in an order that the seed decides. */
function* stepsOf(seed: number, count: number): Generator<Step> {
  const names = Object.keys(DEEDS);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let n = 0; n < count; n += 1) {
    const deed = names[random(names.length)] ?? "";
    // Under "async" a node may change a message while LangGraph still keeps the step before it.
    const durability = (["sync", "exit", "async"] as const)[random(deed.startsWith("m") ? 2 : 3)];
    yield {
      plan: `${deed}|${random(1000)}|m${n}`,
      durability: durability ?? "sync",
      ...(random(6) === 0 ? { from: random(12) } : {}),
      isUpdate: random(6) === 0,
    };
  }
}

async function take(
  graph: Graph,
  { plan, durability, from, isUpdate }: Step,
): Promise<Record<string, unknown>> {
  const past =
    from === undefined ? undefined : (await collect(graph.getStateHistory(thread)))[from];
  const config = past?.config ?? thread;
  const message = { role: "user", id: `user ${plan}`, content: `${plan} ${LONG}` };
  const input = { messages: [message], plan };
  if (!isUpdate) return graph.invoke(input, { ...config, durability });
  const place = await graph.updateState(config, input);
  return (await graph.getState(place)).values;
}

// What graphs change in a message LangChain keeps in two places, so that toEqual says too much.
const brief = ({ messages, ...values }: Record<string, unknown>) => ({
  ...values,
  messages: (messages as BaseMessage[] | undefined)?.map((message) => JSON.stringify(message)),
});

const seen = ({ values, next, metadata, tasks }: StateSnapshot) => ({
  values: brief(values),
  next,
  source: metadata?.source,
  step: metadata?.step,
  tasks: tasks.map(({ name, interrupts }) => ({ name, interrupts })),
});

const historyOf = async (graph: Graph) => (await collect(graph.getStateHistory(thread))).map(seen);

/** Where LangGraph orders what several tasks wrote by their random ids, no deed leaves the line. */
type Kind = "any" | "in line";

const builders: [string, Kind, (checkpointer: BaseCheckpointSaver) => Graph][] = [
  ["plain messages", "any", (checkpointer) => plainGraph(checkpointer)],
  ["a subgraph", "any", (checkpointer) => nestedGraph(checkpointer) as unknown as Graph],
  // Its state is typed by its channel; what it is asked is the same.
  ["a delta channel", "in line", (checkpointer) => deltaGraph(checkpointer) as unknown as Graph],
];

describe.each(builders)("a conversation with %s", (_, kind, build) => {
  it.each([1, 2, 3, 4, 5, 6])(
    "is in every state what LangGraph's own saver keeps (seed %i)",
    async (seed) => {
      const memory = new MemorySaver();
      for (const { from, ...rest } of stepsOf(seed, 40)) {
        const isAny = kind === "any";
        const step = isAny && from !== undefined ? { ...rest, from } : rest;
        step.isUpdate &&= isAny;
        const ours = build(new FencedSaver(storage.checkpoints, { fence, cache }));
        const theirs = build(memory);
        expect(brief(await take(ours, step))).toEqual(brief(await take(theirs, step)));
      }
      const expected = await historyOf(build(memory));
      const warm = build(new FencedSaver(storage.checkpoints, { cache }));
      expect(await historyOf(warm)).toEqual(expected);
      const cold = build(new FencedSaver(storage.checkpoints));
      expect(await historyOf(cold)).toEqual(expected);
    },
  );
});

it("does not hand on what a graph changed and did not return", async () => {
  const graph = () => plainGraph(new FencedSaver(storage.checkpoints, { fence, cache }));
  const messages = [{ role: "user", id: "1", content: LONG }];
  await graph().invoke({ messages, plan: "reply|0|2" }, thread);
  const read = async (): Promise<BaseMessage[]> => (await graph().getState(thread)).values.messages;
  const before = JSON.stringify(await read());
  for (const message of await read()) {
    message.content = "changed";
    message.additional_kwargs["more"] = [1];
  }
  expect(JSON.stringify(await read())).toBe(before);
});
