import { describe, expect, it } from "vitest";
import { ConflictError } from "../../src/core/errors.ts";
import type { RunEvent } from "../../src/domain/event.ts";
import { custom, start, text } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const message = (seq: number, m: number): RunEvent => ({
  kind: "message",
  ns: ["node:1"],
  m,
  message: { type: "AIMessageChunk", content: "" },
  metadata: { langgraph_node: "think" },
  seq,
});

const ALL_KINDS: RunEvent[] = [
  { kind: "attempt", attempt: 1, at: 5, seq: 1 },
  message(2, 1),
  text(3, "你", 1),
  text(4, "好", 1),
  { kind: "chunk", m: 1, message: { tool_call_chunks: [] }, seq: 5 },
  { kind: "updates", ns: [], data: { think: { messages: [null, 1.5, true] } }, seq: 6 },
  {
    kind: "checkpoint",
    ns: ["a:1", "b:2"],
    checkpoint_id: "c",
    parent_id: null,
    at: 1,
    metadata: { step: 1 },
    next: ["a"],
    tasks: [],
    keys: ["messages"],
    seq: 7,
  },
  { kind: "inline", ns: [], data: [], seq: 8 },
  { kind: "custom", ns: [], data: null, seq: 9 },
  { kind: "tool", ns: ["act:1"], data: { event: "on_tool_start" }, seq: 10 },
  { kind: "error", error: "Broken", message: "It broke\u0000\ud800", seq: 11 },
  { kind: "end", status: "error", seq: 12 },
];

export function eventsContract(subject: Subject): void {
  describe("events", () => {
    it("keeps events of every kind, in order", async () => {
      const { fence } = await start(subject(), "r");
      await subject().events.append([{ fence, events: ALL_KINDS }]);
      expect(await subject().events.read("r", 0, 100)).toEqual(ALL_KINDS);
      expect(await subject().events.lastSeq("r")).toBe(12);
    });

    it("tells how far a reader is behind, in events and bytes, and counts no further than it must", async () => {
      const { fence } = await start(subject(), "r");
      for (const event of ALL_KINDS) await subject().events.append([{ fence, events: [event] }]);
      const more = Array.from({ length: 150 }, (_, index) => custom(index + 13));
      const lag = (seq: number, events: number) => subject().events.lag("r", seq, { events });
      expect(await lag(12, 10)).toEqual({ events: 0, bytes: 0 });
      const last = await lag(11, 10);
      expect(last).toEqual({ events: 1, bytes: expect.any(Number) });
      expect(last.bytes).toBeGreaterThan(10);
      const all = await lag(0, 1000);
      expect(all.events).toBe(12);
      expect(all.bytes).toBeGreaterThan(last.bytes * 5);
      for (const event of more) await subject().events.append([{ fence, events: [event] }]);
      const part = await lag(0, 3);
      expect(part.events).toBeGreaterThan(3);
      expect(part.events).toBeLessThan(150);
      expect(part.bytes).toBeLessThan((await lag(0, 1000)).bytes);
    });

    it("counts what a row holds, not what it takes compressed", async () => {
      const { fence } = await start(subject(), "r");
      const event: RunEvent = { kind: "custom", ns: [], data: "again ".repeat(1000), seq: 1 };
      await subject().events.append([{ fence, events: [event] }]);
      expect((await subject().events.lag("r", 0, { events: 10 })).bytes).toBeGreaterThan(6000);
      expect(await subject().events.read("r", 0, 10)).toEqual([event]);
    });

    it("reads on after events that are gone", async () => {
      const { fence } = await start(subject(), "r");
      const { events, pruning } = subject();
      for (const event of [custom(1), custom(2), custom(300), custom(301)])
        await events.append([{ fence, events: [event] }]);
      expect(await pruning.trimEvents("r", { keep: 1, limit: 2 })).toBe(2);
      expect(await events.read("r", 0, 10)).toEqual([custom(300), custom(301)]);
      expect(await events.lag("r", 0, { events: 10 })).toMatchObject({ events: 301 });
    });

    it("knows nothing of a run without events", async () => {
      expect(await subject().events.read("none", 0, 10)).toEqual([]);
      expect(await subject().events.lastSeq("none")).toBe(0);
    });

    it.each([0, 1, 2, 3, 4, 5, 6, 7])(
      "reads on after event %i, inside a row or not",
      async (after) => {
        const { fence } = await start(subject(), "r");
        const events = [
          custom(1),
          text(2, "a"),
          text(3, "b"),
          text(4, "c"),
          text(5, "d", 2),
          custom(6),
          text(7, "e"),
        ];
        await subject().events.append([{ fence, events }]);
        expect(await subject().events.read("r", after, 100)).toEqual(events.slice(after));
      },
    );

    it("reads in parts that add up to the whole", async () => {
      const { fence } = await start(subject(), "r");
      const { events } = subject();
      const whole = [text(1, "a"), text(2, "b"), custom(3), custom(4), text(5, "c"), text(6, "d")];
      await events.append([{ fence, events: whole.slice(0, 3) }]);
      await events.append([{ fence, events: whole.slice(3) }]);
      const read: RunEvent[] = [];
      for (let part = await events.read("r", 0, 1); part.length > 0;) {
        expect(part.length).toBeLessThanOrEqual(3);
        read.push(...part);
        part = await events.read("r", read.at(-1)?.seq ?? 0, 1);
      }
      expect(read).toEqual(whole);
      expect(await events.read("r", 0, 3)).toEqual(whole.slice(0, 3));
    });

    it("appends to several runs in one commit, leaving out and naming those that are lost", async () => {
      const a = await start(subject(), "a", { thread_id: "a" });
      const b = await start(subject(), "b", { thread_id: "b" });
      const stale = { ...b.fence, epoch: 7 };
      const unknown = { run_id: "none", epoch: 1 };
      const { lost } = await subject().events.append([
        { fence: stale, events: [custom(1)] },
        { fence: a.fence, events: [custom(1), custom(2)] },
        { fence: unknown, events: [custom(1)] },
      ]);
      expect(lost).toEqual(["b", "none"]);
      expect(await subject().events.lastSeq("a")).toBe(2);
      expect(await subject().events.lastSeq("b")).toBe(0);
    });

    it("never keeps two events under one number, and then nothing of the batch", async () => {
      const a = await start(subject(), "a", { thread_id: "a" });
      const b = await start(subject(), "b", { thread_id: "b" });
      await subject().events.append([{ fence: b.fence, events: [custom(1)] }]);
      const twice = subject().events.append([
        { fence: a.fence, events: [custom(1)] },
        { fence: b.fence, events: [custom(1)] },
      ]);
      await expect(twice).rejects.toThrow(ConflictError);
      expect(await subject().events.lastSeq("a")).toBe(0);
    });

    it("lets commits of one moment fail alone", async () => {
      const { fence } = await start(subject(), "r");
      const { events } = subject();
      const settled = await Promise.allSettled([
        events.append([{ fence, events: [custom(1), custom(2)] }]),
        events.append([{ fence, events: [custom(3), custom(2)] }]),
        events.append([{ fence, events: [custom(3)] }]),
      ]);
      expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(await events.read("r", 0, 10)).toEqual([custom(1), custom(2), custom(3)]);
    });
  });
}
