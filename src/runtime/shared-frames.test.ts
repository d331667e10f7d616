import { MemorySaver } from "@langchain/langgraph-checkpoint";
import { expect, it } from "vitest";
import type { LiveEvent } from "../bus/port.ts";
import { FrameMaker } from "./frame-maker.ts";
import { SharedFrames } from "./shared-frames.ts";

const RUN = { run_id: "r", thread_id: "t" };
const MODES = { modes: ["custom", "messages-tuple"], subgraphs: false } as const;

const shared = () => new SharedFrames(() => new FrameMaker(RUN, MODES, new MemorySaver()));
const custom = (seq: number, data: string = String(seq)): LiveEvent => ({
  kind: "custom",
  ns: [],
  data,
  seq,
});

it("makes the frames of an event once for all its readers", async () => {
  const frames = shared();
  const event = custom(1, "x");
  const first = await frames.of(event);
  expect(first).toEqual([{ id: "1", event: "custom", data: '"x"' }]);
  // The same list, not an equal one.
  expect(await frames.of({ ...event })).toBe(first);
});

it("keeps what was made lately, and says so of what it does not keep", async () => {
  const frames = shared();
  for (let seq = 1; seq <= 600; seq++) await frames.of(custom(seq));
  expect(frames.of(custom(1))).toBeUndefined();
  expect(await frames.of(custom(600))).toHaveLength(1);
});

it("keeps no more than so many characters", async () => {
  const frames = shared();
  for (let seq = 1; seq <= 3; seq++) await frames.of(custom(seq, "x".repeat(500_000)));
  expect(frames.of(custom(1))).toBeUndefined();
  expect(await frames.of(custom(3, "x".repeat(500_000)))).toHaveLength(1);
});

it("lets an event that a reader has seen leave its traces in later frames", async () => {
  const frames = shared();
  const message = { id: "m", type: "AIMessageChunk", content: "a" };
  const first: LiveEvent = { kind: "message", ns: [], m: 1, message, metadata: {}, seq: 1 };
  expect(frames.pass(first)).toEqual([]);
  expect(await frames.of({ kind: "text", m: 1, text: "b", seq: 2 })).toMatchObject([
    { id: "2", event: "messages", data: expect.stringContaining('"content":"b"') },
  ]);
  expect(frames.pass(first)).toBeUndefined();
});
