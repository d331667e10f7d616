import { describe, expect, it } from "vitest";
import { ConflictError } from "../../src/core/errors.ts";
import type { RunOutcome } from "../../src/domain/run.ts";
import type { ThreadStatus } from "../../src/domain/thread.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { accept, blob, claim, custom, sampleCheckpoint, start, success } from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const interrupts = { task: [{ value: "Really?" }] };
const error = { error: "Broken", message: "It broke" };
const failed: RunOutcome = { status: "error", error, rest_status: "error", interrupts: {} };
const paused: RunOutcome = { ...success, rest_status: "interrupted", interrupts };

/** A checkpoint with one value, and a write on it. */
async function putState(storage: Storage, id: string, fence?: { run_id: string; epoch: number }) {
  const under = fence ? { fence } : {};
  const row = sampleCheckpoint("thread", id, { values: { c: id } });
  const parts = [{ part_id: id, value: blob(`value ${id}`) }];
  await storage.checkpoints.put(row, { parts, ...under });
  const write = { task_id: "task", idx: 0, channel: "c", value: blob(`write ${id}`) };
  await storage.checkpoints.putWrites(row, { writes: [write], ...under });
}

const oneWrite = (value: string, idx: number) => ({
  writes: [{ task_id: "task", idx, channel: "c", value: blob(value) }],
});

export function runEndsContract(subject: Subject): void {
  describe("finishing runs", () => {
    it.each<[name: string, outcome: RunOutcome, waiting: boolean, status: ThreadStatus]>([
      ["success", success, false, "idle"],
      ["success", success, true, "busy"],
      ["an interrupt", paused, false, "interrupted"],
      ["an interrupt", paused, true, "interrupted"],
      ["an error", failed, false, "error"],
      ["an error", failed, true, "error"],
      ["a failure that leaves the thread well", { ...failed, rest_status: "idle" }, false, "idle"],
    ])("after %s (%j, another waits: %s) the thread is %s", async (...row) => {
      const [, outcome, waiting, status] = row;
      const { fence } = await start(subject(), "r");
      if (waiting) await accept(subject(), "next");
      await subject().runs.finish(fence, { outcome, events: [], now: 50 });
      expect(await subject().threads.find("thread")).toMatchObject({
        status,
        interrupts: outcome.interrupts,
        error: status === "error" ? error : null,
        updated_at: 50,
        state_updated_at: 50,
      });
      expect(await subject().runs.find("r")).toMatchObject({
        status: outcome.status,
        error: outcome.error,
        updated_at: 50,
      });
    });

    it("commits the last events with the end", async () => {
      const { fence } = await start(subject(), "r");
      const end = { kind: "end", status: "success", seq: 2 } as const;
      await subject().runs.finish(fence, { outcome: success, events: [custom(1), end], now: 50 });
      expect(await subject().events.read("r", 0, 10)).toEqual([custom(1), end]);
    });

    it("does not finish when its events cannot be kept", async () => {
      const { fence } = await start(subject(), "r");
      await subject().events.append([{ fence, events: [custom(1)] }]);
      const end = { outcome: success, events: [custom(1)], now: 50 };
      await expect(subject().runs.finish(fence, end)).rejects.toThrow(ConflictError);
      expect(await subject().runs.find("r")).toMatchObject({ status: "running" });
      expect(await subject().threads.find("thread")).toMatchObject({ status: "busy" });
    });

    it("ends once", async () => {
      const { fence } = await start(subject(), "r");
      await subject().runs.finish(fence, { outcome: success, events: [], now: 50 });
      const again = { outcome: failed, events: [custom(1)], now: 51 };
      await expect(subject().runs.finish(fence, again)).rejects.toThrow("lease");
      expect(await subject().runs.find("r")).toMatchObject({ status: "success" });
    });

    it("takes back a run that is rolled back with its checkpoints, and only those", async () => {
      const { checkpoints, runs, events, threads } = subject();
      const before = await start(subject(), "before");
      await putState(subject(), "1", before.fence);
      await runs.finish(before.fence, { outcome: paused, events: [custom(1)], now: 20 });
      await putState(subject(), "2");
      const { fence } = await start(subject(), "undone");
      await events.append([{ fence, events: [custom(1)] }]);
      await putState(subject(), "3", fence);

      const outcome = { ...paused, status: "interrupted" } as const;
      await runs.finish(fence, { outcome, events: [custom(2)], now: 30, remove: "run" });
      expect(await runs.find("undone")).toBeUndefined();
      expect(await events.read("undone", 0, 10)).toEqual([]);
      const kept = await checkpoints.list({ thread_id: "thread" });
      expect(kept.map(({ checkpoint_id }) => checkpoint_id)).toEqual(["2", "1"]);
      expect(kept.map(({ values }) => values)).toEqual([{ c: "2" }, { c: "1" }]);
      expect(kept.map(({ writes }) => writes.length)).toEqual([1, 1]);
      // Its parts and writes are gone too, those of others are not.
      const parts = await checkpoints.parts("thread", ["1", "2", "3"]);
      expect(parts.map(({ part_id }) => part_id)).toEqual(["1", "2"]);
      const row = sampleCheckpoint("thread", "3");
      await checkpoints.put(row);
      const third = await checkpoints.get({ thread_id: "thread", checkpoint_ns: "" });
      expect(third).toEqual({ ...row, writes: [] });
      expect(await threads.find("thread")).toMatchObject({ status: "interrupted", interrupts });
      expect(await events.read("before", 0, 10)).toHaveLength(1);
    });

    it("uncovers the pending writes that a rolled back run had replaced", async () => {
      const { checkpoints, runs } = subject();
      const key = { thread_id: "thread", checkpoint_ns: "", checkpoint_id: "1" };
      const readValues = async () => (await checkpoints.get(key))?.writes.map(({ value }) => value);
      const before = await start(subject(), "before");
      await checkpoints.put(sampleCheckpoint("thread", "1"), { fence: before.fence });
      await checkpoints.putWrites(key, { ...oneWrite("asked", -3), fence: before.fence });
      await runs.finish(before.fence, { outcome: paused, events: [], now: 20 });

      const { fence } = await start(subject(), "undone");
      await checkpoints.putWrites(key, { ...oneWrite("asked again", -3), fence });
      await checkpoints.putWrites(key, { ...oneWrite("answered", 0), fence });
      expect(await readValues()).toEqual([blob("asked again"), blob("answered")]);
      await runs.finish(fence, { outcome: paused, events: [], now: 30, remove: "run" });
      expect(await readValues()).toEqual([blob("asked")]);
    });
  });

  describe("cancelling runs", () => {
    it("ends a waiting run here and now, with an end event", async () => {
      await accept(subject(), "r");
      expect(await subject().runs.requestCancel("r", "interrupt", 9)).toBe("pending");
      expect(await subject().runs.find("r")).toMatchObject({
        status: "interrupted",
        updated_at: 9,
      });
      expect(await subject().events.read("r", 0, 10)).toEqual([
        { kind: "end", status: "interrupted", seq: 1 },
      ]);
      expect(await subject().threads.find("thread")).toMatchObject({ status: "idle" });
      expect(await subject().runs.claim("w", { now: 10, leaseMs: 1 })).toBeUndefined();
    });

    it("numbers the end event after those of an earlier attempt", async () => {
      const { fence } = await start(subject(), "r");
      await subject().events.append([{ fence, events: [custom(1), custom(2)] }]);
      await subject().runs.release(fence, 11);
      await subject().runs.requestCancel("r", "interrupt", 12);
      expect(await subject().events.read("r", 2, 10)).toMatchObject([{ kind: "end", seq: 3 }]);
    });

    it("deletes a waiting run on rollback, with what an earlier attempt left", async () => {
      const { fence } = await start(subject(), "r");
      await putState(subject(), "1", fence);
      await subject().runs.release(fence, 11);
      expect(await subject().runs.requestCancel("r", "rollback", 12)).toBe("pending");
      expect(await subject().runs.find("r")).toBeUndefined();
      expect(await subject().checkpoints.list({ thread_id: "thread" })).toEqual([]);
      expect(await subject().threads.find("thread")).toMatchObject({ status: "idle" });
    });

    it("flags a running run, and a rollback stays one", async () => {
      await start(subject(), "r");
      const { runs } = subject();
      expect(await runs.requestCancel("r", "interrupt", 11)).toBe("running");
      expect(await runs.find("r")).toMatchObject({ status: "running", cancel: "interrupt" });
      await runs.requestCancel("r", "rollback", 12);
      await runs.requestCancel("r", "interrupt", 13);
      expect(await runs.find("r")).toMatchObject({ cancel: "rollback" });
      expect(await subject().events.read("r", 0, 10)).toEqual([]);
    });

    it.each(["cancel", "new run"])(
      "goes on with a rollback that a dead worker had begun, though a %s asks for less",
      async (by) => {
        const { runs } = subject();
        const { fence } = await start(subject(), "r");
        await putState(subject(), "1", fence);
        await putState(subject(), "2", fence);
        await runs.requestCancel("r", "rollback", 11);
        await runs.undo(fence);
        expect(await runs.takeOver(12)).toMatchObject([{ run_id: "r", cancel: "rollback" }]);
        if (by === "cancel") await runs.requestCancel("r", "interrupt", 13);
        else await accept(subject(), "next", { multitask_strategy: "interrupt" });
        expect(await runs.find("r")).toBeUndefined();
        expect(await subject().checkpoints.list({ thread_id: "thread" })).toEqual([]);
      },
    );

    it("leaves an ended run as it is, and knows no other", async () => {
      const { fence } = await start(subject(), "r");
      await subject().runs.finish(fence, { outcome: success, events: [], now: 11 });
      expect(await subject().runs.requestCancel("r", "rollback", 12)).toBe("success");
      expect(await subject().runs.find("r")).toMatchObject({ status: "success", cancel: null });
      expect(await subject().runs.requestCancel("none", "interrupt", 12)).toBeUndefined();
    });

    it("keeps the thread busy while another run waits", async () => {
      await accept(subject(), "1");
      await accept(subject(), "2");
      await subject().runs.requestCancel("1", "interrupt", 9);
      expect(await subject().threads.find("thread")).toMatchObject({ status: "busy" });
    });

    it("lets the thread fall back to how its last run had left it", async () => {
      const { fence } = await start(subject(), "1");
      await subject().runs.finish(fence, { outcome: paused, events: [], now: 11 });
      await accept(subject(), "2");
      expect(await subject().threads.find("thread")).toMatchObject({ status: "busy", interrupts });
      await subject().runs.requestCancel("2", "interrupt", 12);
      expect(await subject().threads.find("thread")).toMatchObject({ status: "interrupted" });
    });
  });

  describe("deleting runs", () => {
    it("deletes a run that is not running, with its events", async () => {
      const { runs, events, threads } = subject();
      await accept(subject(), "waiting");
      expect(await runs.delete("waiting", 9)).toBe(true);
      expect(await threads.find("thread")).toMatchObject({ status: "idle" });
      const { fence } = await start(subject(), "ended");
      await runs.finish(fence, { outcome: success, events: [custom(1)], now: 11 });
      expect(await runs.delete("ended", 12)).toBe(true);
      expect(await runs.find("ended")).toBeUndefined();
      expect(await events.read("ended", 0, 10)).toEqual([]);
      expect(await runs.delete("ended", 13)).toBe(false);
    });

    it("refuses to delete a running run", async () => {
      await start(subject(), "r");
      await expect(subject().runs.delete("r", 11)).rejects.toThrow(ConflictError);
      expect(await subject().runs.find("r")).toMatchObject({ status: "running" });
    });

    it("leaves the queue of the thread to the others", async () => {
      await accept(subject(), "1");
      await accept(subject(), "2");
      await subject().runs.delete("1", 9);
      expect(await subject().threads.find("thread")).toMatchObject({ status: "busy" });
      expect((await claim(subject())).run.run_id).toBe("2");
    });
  });
}
