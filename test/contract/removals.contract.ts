import { describe, expect, it } from "vitest";
import { LeaseLostError } from "../../src/core/errors.ts";
import type { RunEvent } from "../../src/domain/event.ts";
import type { Fence } from "../../src/domain/run.ts";
import { accept, blob, sampleCheckpoint, sampleThread, start, success } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const MANY = 1200;

/** Heads of messages, since each has a row of its own. */
const manyEvents = (): RunEvent[] =>
  Array.from({ length: MANY }, (_, n) => ({
    kind: "message",
    ns: [],
    m: n + 1,
    message: {},
    metadata: {},
    seq: n + 1,
  }));

/** A thread with an ended run of many events and a state. */
async function longThread(subject: Subject): Promise<Fence> {
  const { fence } = await start(subject(), "r");
  await subject().checkpoints.put(sampleCheckpoint("thread", "1", { values: { a: "@v" } }), {
    parts: [{ part_id: "@v", value: blob("v") }],
    fence,
  });
  await subject().runs.finish(fence, { outcome: success, events: manyEvents(), now: 11 });
  return fence;
}

const traces = async (subject: Subject) => ({
  events: (await subject().events.read("r", 0, 10)).length,
  checkpoints: (await subject().checkpoints.list({ thread_id: "thread" })).length,
  parts: (await subject().checkpoints.parts("thread", ["@v"])).length,
});
const NOTHING = { events: 0, checkpoints: 0, parts: 0 };

async function clearAll(subject: Subject): Promise<number> {
  let calls = 1;
  while (await subject().removals.clear()) calls++;
  return calls;
}

export function removalsContract(subject: Subject): void {
  describe("what is deleted", () => {
    it("is out of sight at once, and cleared away bit by bit", async () => {
      await longThread(subject);
      expect(await subject().threads.delete("thread")).toBe(true);
      expect(await subject().threads.find("thread")).toBeUndefined();
      expect(await subject().runs.find("r")).toBeUndefined();
      expect(await subject().runs.list("thread", { limit: 10, offset: 0 })).toEqual([]);
      expect(await subject().runs.delete("r", 12)).toBe(false);

      expect(await subject().removals.clear("other")).toBe(false);
      expect((await traces(subject)).events).toBeGreaterThan(0);
      expect(await clearAll(subject)).toBeGreaterThan(2);
      expect(await traces(subject)).toEqual(NOTHING);
    });

    it("leaves nothing to a new thread of its id, cleared before or not", async () => {
      await longThread(subject);
      await subject().threads.delete("thread");
      await subject().threads.create(sampleThread("thread"));
      expect(await traces(subject)).toEqual(NOTHING);
      await subject().checkpoints.put(sampleCheckpoint("thread", "2"));
      await clearAll(subject);
      expect(await traces(subject)).toEqual({ ...NOTHING, checkpoints: 1 });
    });

    it("leaves nothing to a run that makes the thread anew", async () => {
      await longThread(subject);
      await subject().threads.delete("thread");
      await accept(subject(), "next");
      expect(await traces(subject)).toEqual(NOTHING);
      await clearAll(subject);
      expect(await subject().runs.find("next")).toMatchObject({ status: "pending" });
    });

    it("takes a run's events with it, however many there are", async () => {
      await longThread(subject);
      expect(await subject().runs.delete("r", 12)).toBe(true);
      expect(await subject().runs.find("r")).toBeUndefined();
      await clearAll(subject);
      expect(await traces(subject)).toEqual({ events: 0, checkpoints: 1, parts: 1 });
    });

    it("is the state of a run that is undone, the newest first and in small commits", async () => {
      await longThread(subject);
      const { fence } = await start(subject(), "undone");
      const ids = Array.from({ length: MANY }, (_, n) => String(10_000 + n));
      await Promise.all(
        ids.map((id) => subject().checkpoints.put(sampleCheckpoint("thread", id), { fence })),
      );
      expect(await subject().runs.undo(fence)).toBe(true);
      const left = await subject().checkpoints.list({ thread_id: "thread" });
      expect(left[0]?.checkpoint_id).toBe(ids[left.length - 2]);
      expect(left.length).toBeGreaterThan(MANY / 2);
      while (await subject().runs.undo(fence));
      const checkpoints = await subject().checkpoints.list({ thread_id: "thread" });
      expect(checkpoints.map(({ checkpoint_id }) => checkpoint_id)).toEqual(["1"]);
      const old = { ...fence, epoch: fence.epoch - 1 };
      await expect(subject().runs.undo(old)).rejects.toThrow(LeaseLostError);
    });
  });
}
