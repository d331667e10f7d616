import { describe, expect, it } from "vitest";
import type { Cron } from "../../src/domain/cron.ts";
import type { RunEvent } from "../../src/domain/event.ts";
import { thinOut } from "../../src/services/maintenance/thin-out.ts";
import {
  accept,
  blob,
  claim,
  custom,
  sampleCheckpoint,
  sampleRun,
  sampleThread,
  start,
  success,
  text,
} from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const sampleCron = (cron_id: string, change: Partial<Cron> = {}): Cron => ({
  cron_id,
  assistant_id: "assistant",
  thread_id: null,
  schedule: "* * * * *",
  timezone: "Asia/Shanghai",
  end_time: null,
  enabled: true,
  on_run_completed: "delete",
  payload: { assistant_id: "assistant", input: { note: "你好" } },
  metadata: { team: "a" },
  created_by: null,
  next_run_at: 60_000,
  created_at: 1,
  updated_at: 1,
  ...change,
});

const page = { limit: 10, offset: 0, sort_by: "created_at", sort_order: "desc" } as const;

function crons(subject: Subject): void {
  describe("crons", () => {
    it("keeps every field, and finds crons by each filter", async () => {
      const { crons } = subject();
      const one = sampleCron("one", { thread_id: "t", end_time: 99 });
      const two = sampleCron("two", { enabled: false, metadata: {}, created_at: 2 });
      await crons.create(one);
      await crons.create(two);
      await expect(crons.create(one)).rejects.toThrow(/already stored/);
      expect(await crons.find("one")).toEqual(one);
      expect(await crons.find("none")).toBeUndefined();
      expect(await crons.search({}, page)).toEqual({ rows: [two, one], total: 2 });
      for (const filter of [{ thread_id: "t" }, { enabled: true }, { metadata: { team: "a" } }])
        expect(await crons.search(filter, page)).toEqual({ rows: [one], total: 1 });
      expect((await crons.search({ assistant_id: "other" }, page)).total).toBe(0);
    });

    it("changes the fields given, and deletes", async () => {
      const { crons } = subject();
      await crons.create(sampleCron("one"));
      const change = { schedule: "0 0 * * *", enabled: false, updated_at: 5 };
      expect(await crons.patch("one", change)).toEqual(sampleCron("one", change));
      expect(await crons.find("one")).toEqual(sampleCron("one", change));
      expect(await crons.patch("none", change)).toBeUndefined();
      expect(await crons.delete("one")).toBe(true);
      expect(await crons.delete("one")).toBe(false);
    });

    it("answers what is due, and lets one move on from a slot", async () => {
      const { crons } = subject();
      await crons.create(sampleCron("later", { next_run_at: 300 }));
      await crons.create(sampleCron("due", { next_run_at: 100 }));
      await crons.create(sampleCron("off", { next_run_at: 100, enabled: false }));
      await crons.create(sampleCron("over", { next_run_at: null }));
      expect((await crons.due(200, 10)).map(({ cron_id }) => cron_id)).toEqual(["due"]);
      const slot = { cron_id: "due", at: 100 };
      const moves = [1, 2, 3].map(() => crons.advance(slot, { at: 400 }));
      expect((await Promise.all(moves)).filter(Boolean)).toHaveLength(1);
      expect(await crons.due(200, 10)).toEqual([]);
      expect(await crons.advance({ cron_id: "due", at: 400 }, { at: null, enabled: false })).toBe(
        true,
      );
      expect(await crons.find("due")).toMatchObject({ next_run_at: null, enabled: false });
    });

    it("go with their thread", async () => {
      const { crons, threads } = subject();
      await threads.create(sampleThread("t"));
      await crons.create(sampleCron("one", { thread_id: "t" }));
      await threads.delete("t");
      expect(await crons.find("one")).toBeUndefined();
    });
  });
}

const kwargsWith = (webhook: string) => ({ kwargs: { ...sampleRun("r", "t").kwargs, webhook } });
const HOOK = "https://example.com/hook";
const take = (subject: Subject, now: number) =>
  subject().webhooks.take({ now, leaseMs: 100, limit: 10 });

function webhooks(subject: Subject): void {
  describe("webhooks", () => {
    it("are put in line by the end of a run, with its last checkpoint", async () => {
      const storage = subject();
      const { fence } = await start(storage, "r", kwargsWith(HOOK));
      for (const id of ["1", "2"])
        await storage.checkpoints.put(sampleCheckpoint("thread", id), { fence });
      expect(await take(subject, 999)).toEqual([]);
      await storage.runs.finish(fence, { outcome: success, events: [], now: 50 });
      const [delivery, ...others] = await take(subject, 50);
      expect(others).toEqual([]);
      expect(delivery).toMatchObject({
        run_id: "r",
        thread_id: "thread",
        checkpoint_id: "2",
        url: HOOK,
        body: null,
        status: "pending",
        attempts: 1,
      });
      expect(delivery?.run).toMatchObject({ run_id: "r", status: "success" });
    });

    it("are put in line by the end of a run that never began, and not by a rollback", async () => {
      const storage = subject();
      await accept(storage, "one", kwargsWith(HOOK));
      await accept(storage, "two", kwargsWith(HOOK));
      await accept(storage, "plain");
      await storage.runs.requestCancel("one", "interrupt", 5);
      await storage.runs.requestCancel("two", "rollback", 5);
      await storage.runs.requestCancel("plain", "interrupt", 5);
      const due = await take(subject, 5);
      expect(due.map(({ run }) => [run?.run_id, run?.status])).toEqual([["one", "interrupted"]]);
    });

    it("are taken by one at a time, again after the lease, and settled by the last attempt", async () => {
      const storage = subject();
      await accept(storage, "one", kwargsWith(HOOK));
      await storage.runs.requestCancel("one", "interrupt", 5);
      const [first] = await take(subject, 5);
      if (!first) throw new Error("there is no delivery");
      expect(await take(subject, 100)).toEqual([]);
      await storage.webhooks.keepBody(first.delivery_id, { a: 1 });
      const [second] = await take(subject, 200);
      expect(second).toMatchObject({ attempts: 2, body: { a: 1 } });
      const result = { next_attempt_at: 0, last_status: 500, last_error: "no", now: 9 };
      await storage.webhooks.settle(first, { ...result, status: "delivered" });
      expect(await storage.webhooks.find(first.delivery_id)).toMatchObject({ status: "pending" });
      await storage.webhooks.settle({ ...first, attempts: 2 }, { ...result, status: "dead" });
      expect(await storage.webhooks.list({ status: "dead", limit: 9, offset: 0 })).toMatchObject({
        total: 1,
        rows: [{ last_status: 500, last_error: "no", updated_at: 9 }],
      });
      expect(await take(subject, 999)).toEqual([]);
      const { delivery_id } = first;
      expect(await storage.webhooks.replay(delivery_id, 1000)).toMatchObject({ attempts: 0 });
      expect(await storage.webhooks.replay(delivery_id, 1000)).toBeUndefined();
      expect(await take(subject, 1000)).toHaveLength(1);
      await storage.webhooks.settle({ ...first, attempts: 1 }, { ...result, status: "delivered" });
      const old = { status: "delivered", before: 10, limit: 9 } as const;
      expect(await storage.webhooks.sweep({ ...old, before: 9 })).toBe(0);
      expect(await storage.webhooks.sweep({ ...old, status: "dead" })).toBe(0);
      expect(await storage.webhooks.sweep(old)).toBe(1);
    });
  });
}

function keys(subject: Subject): void {
  describe("idempotency keys", () => {
    const request = { actor: "", key: "k", fingerprint: "f", resource_id: "first" };
    const times = { now: 10, reserved_until: 40, expires_at: 100 };

    it("are given to one of many, until it is done", async () => {
      const { idempotency } = subject();
      const answers = await Promise.all(
        ["a", "b", "c"].map((resource_id) =>
          idempotency.reserve({ ...request, resource_id }, times),
        ),
      );
      const mine = answers.filter(({ state }) => state === "mine");
      expect(mine).toHaveLength(1);
      const id = mine[0]?.resource_id ?? "";
      expect(await idempotency.reserve(request, times)).toEqual({
        state: "busy",
        resource_id: id,
        fingerprint: "f",
      });
      await idempotency.complete(request, "other");
      await idempotency.release(request);
      await idempotency.breakOff(request);
      const later = { ...times, now: 99 };
      expect(await idempotency.reserve({ ...request, fingerprint: "g" }, later)).toEqual({
        state: "done",
        resource_id: "other",
        fingerprint: "f",
      });
    });

    it("of another owner are other keys", async () => {
      const { idempotency } = subject();
      await idempotency.reserve(request, times);
      const other = { ...request, actor: "b", resource_id: "mine" };
      expect(await idempotency.reserve(other, times)).toMatchObject({ resource_id: "mine" });
    });

    it("pass with the id they stand for when the request broke off", async () => {
      const { idempotency } = subject();
      await idempotency.reserve(request, times);
      const again = { ...request, resource_id: "second" };
      const late = { ...times, now: 40 };
      expect(await idempotency.reserve({ ...again, fingerprint: "g" }, late)).toMatchObject({
        state: "busy",
      });
      const retaken = { state: "mine", resource_id: "first", isRetake: true };
      expect(await idempotency.reserve(again, late)).toEqual(retaken);
      await idempotency.breakOff(request);
      expect(await idempotency.reserve(again, times)).toEqual(retaken);
      await idempotency.release(request);
      expect(await idempotency.reserve(again, times)).toMatchObject({
        resource_id: "second",
        isRetake: false,
      });
    });

    it("are new after their day", async () => {
      const { idempotency } = subject();
      await idempotency.reserve(request, times);
      await idempotency.complete(request, "first");
      const tomorrow = { now: 100, reserved_until: 130, expires_at: 200 };
      const other = { ...request, fingerprint: "g", resource_id: "second" };
      expect(await idempotency.reserve(other, tomorrow)).toMatchObject({ resource_id: "second" });
      expect(await idempotency.sweep(199, 10)).toBe(0);
      expect(await idempotency.sweep(200, 10)).toBe(1);
    });
  });
}

async function withCheckpoints(subject: Subject) {
  const storage = subject();
  const { fence } = await start(storage, "r");
  const part = (sign: string) => `@${sign.repeat(16)}`;
  const parts = ["a", "b", "c", "d"].map((sign) => ({
    part_id: part(sign),
    // c leads to d, and that only.
    value: sign === "c" ? blob(`[["${part("d")}"]]`) : blob(sign),
  }));
  await storage.checkpoints.put(sampleCheckpoint("thread", "1", { values: { x: part("a") } }), {
    parts,
    fence,
  });
  const key = { thread_id: "thread", checkpoint_ns: "", checkpoint_id: "1" };
  const write = { task_id: "t", idx: 0, channel: "x", value: blob("w") };
  await storage.checkpoints.putWrites(key, { writes: [write], fence });
  await storage.checkpoints.put(sampleCheckpoint("thread", "2", { values: { x: part("c") } }), {
    fence,
  });
  return { storage, fence, part };
}

function pruning(subject: Subject): void {
  describe("pruning", () => {
    it("leaves the newest checkpoints and all that they lead to", async () => {
      const { storage, fence, part } = await withCheckpoints(subject);
      expect(await storage.pruning.oldCheckpoints("thread", 1)).toBeUndefined();
      await storage.runs.finish(fence, { outcome: success, events: [], now: 60 });
      expect(await storage.pruning.oldCheckpoints("none", 1)).toBeUndefined();
      expect(await thinOut({ storage }, "thread", 1)).toBe(1);
      expect(await thinOut({ storage }, "thread", 1)).toBe(0);
      const left = await storage.checkpoints.list({ thread_id: "thread" });
      expect(left.map(({ checkpoint_id, writes }) => [checkpoint_id, writes])).toEqual([["2", []]]);
      const parts = await storage.checkpoints.parts("thread", ["a", "b", "c", "d"].map(part));
      expect(parts.map(({ part_id }) => part_id).toSorted()).toEqual([part("c"), part("d")]);
    });

    it("deletes old checkpoints, unless the thread has changed since they were found", async () => {
      const { checkpoints, pruning, threads } = subject();
      await threads.create(sampleThread("long"));
      for (const id of ["1", "2", "3", "4", "5"])
        await checkpoints.put(sampleCheckpoint("long", id));
      const left = async () =>
        (await checkpoints.list({ thread_id: "long" })).map(({ checkpoint_id }) => checkpoint_id);
      const old = await pruning.oldCheckpoints("long", 2);
      expect(old?.places.map(({ checkpoint_id }) => checkpoint_id)).toEqual(["1", "2", "3"]);
      if (!old) return;
      const { seen } = old;
      expect(await pruning.dropCheckpoints("long", { seen, places: old.places.slice(0, 2) })).toBe(
        true,
      );
      expect(await left()).toEqual(["5", "4", "3"]);
      await checkpoints.put(sampleCheckpoint("long", "6"));
      expect(await pruning.dropCheckpoints("long", old)).toBe(false);
      expect(await left()).toEqual(["6", "5", "4", "3"]);
    });

    it("thins a thread out that has more than one look takes in", async () => {
      const storage = subject();
      await storage.threads.create(sampleThread("long"));
      const ids = Array.from({ length: 450 }, (_, n) => String(1000 + n));
      await Promise.all(ids.map((id) => storage.checkpoints.put(sampleCheckpoint("long", id))));
      expect(await thinOut({ storage }, "long", 3)).toBe(447);
      const left = await storage.checkpoints.list({ thread_id: "long" });
      expect(left.map(({ checkpoint_id }) => checkpoint_id)).toEqual(["1449", "1448", "1447"]);
    });

    it("keeps pieces of values that looked unused before the thread changed", async () => {
      const { checkpoints, pruning, threads } = subject();
      await threads.create(sampleThread("t"));
      const part_id = "@aaaaaaaaaaaaaaaa";
      const parts = [{ part_id, value: blob("a") }];
      await checkpoints.put(sampleCheckpoint("t", "1"), { parts });
      const unused = await pruning.unusedParts("t");
      expect(unused?.partIds).toEqual([part_id]);
      if (!unused) return;
      await checkpoints.put({ ...sampleCheckpoint("t", "2"), values: { a: part_id } }, { parts });
      expect(await pruning.dropParts("t", unused)).toBe(false);
      expect(await checkpoints.parts("t", [part_id])).toHaveLength(1);
      expect((await pruning.unusedParts("t"))?.partIds).toEqual([]);
      expect(await pruning.unusedParts("none")).toBeUndefined();
    });

    it("finds threads that are past their time, and never a busy one", async () => {
      const { threads, pruning, runs } = subject();
      const ttl = { ttl: 1, strategy: "keep_latest" } as const;
      await threads.create(sampleThread("kept"));
      await threads.create(sampleThread("old", { ttl }));
      await threads.create(sampleThread("new", { ttl, updated_at: 2 }));
      const run = sampleRun("r", "busy");
      await runs.accept({
        run,
        create_thread: sampleThread("busy", { ttl }),
        thread_metadata: {},
        thread_config: {},
      });
      expect(await threads.find("old")).toMatchObject({ ttl });
      const expired = await pruning.expired(60_001, 10);
      expect(expired).toEqual([{ thread_id: "old", strategy: "keep_latest" }]);
      await thinOut({ storage: subject() }, "old", 1);
      expect(await pruning.expired(60_001, 10)).toEqual([]);
      await threads.patch("old", { metadata: {}, now: 2 });
      await thinOut({ storage: subject() }, "old", 2);
      expect((await pruning.expired(60_002, 10)).map(({ thread_id }) => thread_id)).toContain(
        "old",
      );
      expect(await pruning.deleteThread("busy")).toBe(false);
      expect(await pruning.deleteThread("new", 1)).toBe(false);
      expect(await pruning.deleteThread("new", 2)).toBe(true);
      expect(await pruning.deleteThread("new")).toBe(false);
      await threads.patch("kept", { metadata: {}, ttl: { ttl: 2, strategy: "delete" }, now: 5 });
      expect(await pruning.expired(120_005, 10)).toContainEqual({
        thread_id: "kept",
        strategy: "delete",
      });
    });

    it("walks over the threads that have changed", async () => {
      const { threads, pruning } = subject();
      for (const [id, updated_at] of [
        ["b", 1],
        ["a", 1],
        ["c", 2],
      ] as const)
        await threads.create(sampleThread(id, { updated_at }));
      const first = await pruning.changed({ updated_at: 0, thread_id: "" }, 2);
      expect(first.map(({ thread_id }) => thread_id)).toEqual(["a", "b"]);
      const last = first.at(-1) ?? { updated_at: 0, thread_id: "" };
      expect(await pruning.changed(last, 2)).toEqual([{ thread_id: "c", updated_at: 2 }]);
    });

    it("drops all events of an ended run but its last", async () => {
      const storage = subject();
      const { fence } = await start(storage, "r");
      const events = [text(1, "a"), custom(2), custom(3), custom(4)];
      for (const event of events) await storage.events.append([{ fence, events: [event] }]);
      expect(await storage.pruning.runsToDrop(999, 9)).toEqual([]);
      await storage.runs.finish(fence, { outcome: success, events: [custom(5)], now: 50 });
      expect(await storage.pruning.runsToDrop(50, 9)).toEqual([]);
      expect(await storage.pruning.runsToDrop(51, 9)).toEqual(["r"]);
      expect(await storage.pruning.dropEvents("r", 3)).toBe(3);
      expect(await storage.pruning.runsToDrop(51, 9)).toEqual(["r"]);
      expect(await storage.pruning.dropEvents("r", 3)).toBe(1);
      expect(await storage.pruning.runsToDrop(51, 9)).toEqual([]);
      expect(await storage.events.read("r", 0, 9)).toEqual([custom(5)]);
    });

    it("trims a long record to its newest, and leaves the heads of messages", async () => {
      const storage = subject();
      const { fence } = await start(storage, "r");
      const about = { ns: [], m: 1, message: {}, metadata: {} };
      const head: RunEvent = { kind: "message", ...about, seq: 2 };
      const events = [custom(1), head, custom(3), custom(4)];
      for (const event of events) await storage.events.append([{ fence, events: [event] }]);
      await storage.runs.finish(fence, { outcome: success, events: [custom(5)], now: 50 });
      const query = { after: 0, keep: 2, limit: 9 };
      expect(await storage.pruning.longRuns({ ...query, keep: 5 })).toEqual([]);
      expect(await storage.pruning.longRuns({ ...query, after: 50 })).toEqual([]);
      expect(await storage.pruning.longRuns(query)).toEqual([{ run_id: "r", updated_at: 50 }]);
      expect(await storage.pruning.trimEvents("r", { keep: 2, limit: 1 })).toBe(1);
      expect(await storage.pruning.trimEvents("r", { keep: 2, limit: 9 })).toBe(1);
      const left = await storage.events.read("r", 0, 9);
      expect(left.map(({ seq }) => seq)).toEqual([2, 4, 5]);
    });

    it("measures what a thread takes", async () => {
      const { storage, fence } = await withCheckpoints(subject);
      const before = await storage.pruning.storageOf("thread");
      await storage.events.append([{ fence, events: [custom(1)] }]);
      const after = await storage.pruning.storageOf("thread");
      expect(after?.events).toBeGreaterThan(before?.events ?? 0);
      expect(after).toEqual({ ...before, events: after?.events });
      for (const bytes of Object.values(after ?? {})) expect(bytes).toBeGreaterThan(0);
      expect(await storage.pruning.storageOf("none")).toBeUndefined();
    });
  });
}

function queue(subject: Subject): void {
  it("takes no more runs in than may wait, and stores nothing of one too many", async () => {
    const { runs, threads } = subject();
    const offer = (run_id: string) =>
      runs.accept({
        run: sampleRun(run_id, run_id),
        create_thread: sampleThread(run_id),
        thread_metadata: {},
        thread_config: {},
        max_pending: { all: 2, perOwner: 9 },
      });
    await offer("one");
    await offer("two");
    await expect(offer("three")).rejects.toMatchObject({ code: "limit" });
    expect(await threads.find("three")).toBeUndefined();
    await claim(subject());
    await offer("three");
  });

  it("takes no more runs of one owner in than may wait, whatever others have waiting", async () => {
    const { kwargs } = sampleRun("", "");
    const user = (identity: string) => ({
      identity,
      display_name: identity,
      is_authenticated: true,
      permissions: [],
    });
    const offer = (run_id: string, owner?: string) =>
      subject().runs.accept({
        run: {
          ...sampleRun(run_id, run_id),
          kwargs: { ...kwargs, ...(owner === undefined ? {} : { user: user(owner) }) },
        },
        create_thread: sampleThread(run_id),
        thread_metadata: {},
        thread_config: {},
        max_pending: { all: 9, perOwner: 1 },
      });
    await offer("a1", "a");
    await expect(offer("a2", "a")).rejects.toMatchObject({ code: "limit" });
    await offer("b1", "b");
    // On an open server nobody is told from anybody else.
    await offer("c1");
    await offer("c2");
  });
}

export function backgroundContract(subject: Subject): void {
  crons(subject);
  webhooks(subject);
  keys(subject);
  pruning(subject);
  queue(subject);
}
