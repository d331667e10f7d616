import { describe, expect, it } from "vitest";
import { ConflictError, LeaseLostError, NotFoundError } from "../../src/core/errors.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { Page } from "../../src/domain/page.ts";
import type { ThreadFilter, ThreadSort } from "../../src/domain/thread.ts";
import type { Storage } from "../../src/storage/ports.ts";
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
} from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

const page: Page<ThreadSort> = { limit: 10, offset: 0, sort_by: "thread_id", sort_order: "asc" };

const idsOf = async ({ threads }: Storage, filter: ThreadFilter) =>
  (await threads.search(filter, page)).rows.map(({ thread_id }) => thread_id);

const times = (n: number) => ({ created_at: n, updated_at: n, state_updated_at: n });

const HOSTILE_KEYS = [
  "a.b",
  "$",
  "$.a",
  "*",
  "[0]",
  'a"b',
  "a'b",
  "x') OR '1'='1",
  "a\\b",
  "__proto__",
  "名",
];

export function threadsContract(subject: Subject): void {
  describe("threads", () => {
    it("keeps every field", async () => {
      const thread = sampleThread("t", {
        status: "interrupted",
        metadata: { owner: "me", nested: { list: [1, "二"] } },
        config: { configurable: { model: "demo" } },
        interrupts: { task: [{ value: "Really?" }] },
        error: { error: "Broken", message: "It broke" },
        created_at: 1_700_000_000_001,
        updated_at: 1_700_000_000_002,
        state_updated_at: 1_700_000_000_003,
      });
      await subject().threads.create(thread);
      expect(await subject().threads.find("t")).toEqual(thread);
      expect(await subject().threads.find("u")).toBeUndefined();
    });

    it("refuses an id that is taken", async () => {
      await subject().threads.create(sampleThread("t", { metadata: { first: true } }));
      await expect(subject().threads.create(sampleThread("t"))).rejects.toThrow(ConflictError);
      expect(await subject().threads.find("t")).toMatchObject({ metadata: { first: true } });
    });

    it("searches by ids and status", async () => {
      const { threads } = subject();
      await threads.create(sampleThread("a"));
      await threads.create(sampleThread("b", { status: "error" }));
      await threads.create(sampleThread("c"));
      expect(await idsOf(subject(), {})).toEqual(["a", "b", "c"]);
      expect(await idsOf(subject(), { ids: ["c", "a", "x"] })).toEqual(["a", "c"]);
      expect(await idsOf(subject(), { ids: [] })).toEqual([]);
      expect(await idsOf(subject(), { status: "error" })).toEqual(["b"]);
      expect(await idsOf(subject(), { ids: ["a"], status: "error" })).toEqual([]);
    });

    it.each<[wanted: JsonObject, found: string[]]>([
      [{}, ["a", "b"]],
      [{ kind: "x" }, ["a", "b"]],
      [{ kind: "x", deep: { n: 1 } }, ["a"]],
      [{ deep: { n: 1, m: { k: null } } }, ["a"]],
      [{ deep: { n: 2 } }, ["b"]],
      [{ tags: ["two"] }, ["a"]],
      [{ tags: ["two", "one"] }, ["a"]],
      [{ tags: [{ id: 1 }] }, ["b"]],
      [{ tags: [] }, ["a", "b"]],
      [{ tags: "one" }, []],
      [{ kind: "X" }, []],
      [{ missing: null }, []],
    ])("finds threads whose metadata contains %j", async (wanted, found) => {
      const { threads } = subject();
      const deep = { n: 1, m: { k: null, l: true } };
      await threads.create(
        sampleThread("a", { metadata: { kind: "x", deep, tags: ["one", "two"] } }),
      );
      await threads.create(
        sampleThread("b", { metadata: { kind: "x", deep: { n: 2 }, tags: [{ id: 1, of: 2 }] } }),
      );
      expect(await idsOf(subject(), { metadata: wanted })).toEqual(found);
    });

    it.each(HOSTILE_KEYS)("takes the metadata key %j as nothing but a key", async (key) => {
      const { threads } = subject();
      const withKey = (value: string): JsonObject =>
        JSON.parse(`{${JSON.stringify(key)}:"${value}"}`);
      await threads.create(sampleThread("has", { metadata: withKey("v") }));
      await threads.create(sampleThread("has not", { metadata: { a: { b: "v" } } }));
      expect(await idsOf(subject(), { metadata: withKey("v") })).toEqual(["has"]);
      expect(await idsOf(subject(), { metadata: withKey("w") })).toEqual([]);
      expect(await idsOf(subject(), { metadata: { a: withKey("v") } })).toEqual([]);
    });

    it.each<ThreadSort>(["thread_id", "status", "created_at", "updated_at", "state_updated_at"])(
      "sorts by %s in both directions and counts all",
      async (sort_by) => {
        const { threads } = subject();
        await threads.create(sampleThread("1", { status: "error", ...times(1) }));
        await threads.create(sampleThread("2", { status: "idle", ...times(2) }));
        await threads.create(sampleThread("3", { status: "interrupted", ...times(3) }));
        const up = await threads.search({}, { ...page, sort_by, limit: 2 });
        const down = await threads.search({}, { ...page, sort_by, sort_order: "desc", offset: 1 });
        expect(up.rows.map(({ thread_id }) => thread_id)).toEqual(["1", "2"]);
        expect(down.rows.map(({ thread_id }) => thread_id)).toEqual(["2", "1"]);
        expect([up.total, down.total]).toEqual([3, 3]);
      },
    );

    it("merges metadata key by key", async () => {
      const { threads } = subject();
      await threads.create(sampleThread("t", { metadata: { a: { x: 1 }, b: 1 } }));
      const patched = await threads.patch("t", { metadata: { a: { y: 2 }, c: 3 }, now: 9 });
      expect(patched).toMatchObject({ metadata: { a: { y: 2 }, b: 1, c: 3 }, updated_at: 9 });
      expect(patched?.metadata).toEqual({ a: { y: 2 }, b: 1, c: 3 });
      expect(await threads.find("t")).toEqual(patched);
      expect(await threads.patch("none", { metadata: {}, now: 9 })).toBeUndefined();
    });

    it("settles a thread after a manual change of state", async () => {
      const { threads } = subject();
      const error = { error: "Broken" };
      await threads.create(sampleThread("t", { status: "error", error, metadata: { a: 1 } }));
      const interrupts = { task: [{ value: 1 }] };
      const change = {
        rest_status: "interrupted" as const,
        interrupts,
        metadata: { b: 2 },
        now: 9,
      };
      await threads.settle("t", change);
      expect(await threads.find("t")).toEqual(
        sampleThread("t", {
          status: "interrupted",
          interrupts,
          metadata: { a: 1, b: 2 },
          updated_at: 9,
          state_updated_at: 9,
        }),
      );
    });

    it("refuses to settle a thread with a run that waits or runs, and one that is not there", async () => {
      const change = { rest_status: "idle" as const, interrupts: {}, metadata: { b: 2 }, now: 9 };
      await accept(subject(), "r");
      await expect(subject().threads.settle("thread", change)).rejects.toThrow(ConflictError);
      const { fence } = await claim(subject());
      await expect(subject().threads.settle("thread", change)).rejects.toThrow(ConflictError);
      await subject().runs.finish(fence, { outcome: success, events: [], now: 11 });
      await subject().threads.settle("thread", change);
      await expect(subject().threads.settle("none", change)).rejects.toThrow(NotFoundError);
    });

    it("deletes a thread with all that is its own, and nothing else", async () => {
      const storage = subject();
      const { threads, runs, events, checkpoints } = storage;
      for (const id of ["t", "u"]) {
        const { fence } = await start(storage, `run ${id}`, { thread_id: id });
        await events.append([{ fence, events: [custom(1)] }]);
        const parts = [{ part_id: "@v", value: blob("v") }];
        const row = sampleCheckpoint(id, "1", { values: { c: "@v" } });
        await checkpoints.put(row, { parts, fence });
        const write = { task_id: "task", idx: 0, channel: "c", value: blob("w") };
        await checkpoints.putWrites(row, { writes: [write], fence });
      }
      expect(await threads.delete("t")).toBe(true);
      expect(await threads.delete("t")).toBe(false);
      expect(await threads.find("t")).toBeUndefined();
      expect(await runs.find("run t")).toBeUndefined();
      while (await subject().removals.clear());
      expect(await events.read("run t", 0, 10)).toEqual([]);
      expect(await checkpoints.list({ thread_id: "t" })).toEqual([]);
      // The parts and writes are gone too.
      expect(await checkpoints.parts("t", ["@v"])).toEqual([]);
      const row = sampleCheckpoint("t", "1");
      await checkpoints.put(row);
      const again = await checkpoints.get({ thread_id: "t", checkpoint_ns: "" });
      expect(again).toEqual({ ...row, writes: [] });

      expect(await runs.find("run u")).toMatchObject({ status: "running" });
      expect(await events.read("run u", 0, 10)).toHaveLength(1);
      const kept = await checkpoints.get({ thread_id: "u", checkpoint_ns: "" });
      expect(kept).toMatchObject({ values: { c: "@v" }, writes: [{ task_id: "task" }] });
      expect(await checkpoints.parts("u", ["@v"])).toHaveLength(1);
    });

    it("takes the lease of a worker whose thread was deleted", async () => {
      const { threads, runs, events, checkpoints } = subject();
      const { fence } = await start(subject(), "r");
      await threads.delete("thread");
      const row = sampleCheckpoint("thread", "1");
      await expect(checkpoints.put(row, { fence })).rejects.toThrow(LeaseLostError);
      await expect(checkpoints.putWrites(row, { writes: [], fence })).rejects.toThrow(
        LeaseLostError,
      );
      const end = { outcome: success, events: [], now: 1 };
      await expect(runs.finish(fence, end)).rejects.toThrow(LeaseLostError);
      expect(await events.append([{ fence, events: [custom(1)] }])).toEqual({ lost: ["r"] });
    });

    it("leaves temporary threads out of a search, and sweeps those that have ended", async () => {
      const { threads, runs } = subject();
      const { kwargs } = sampleRun("", "");
      const temporary = { kwargs: { ...kwargs, temporary: true } };
      await threads.create(sampleThread("own"));
      const old = await start(subject(), "old", { thread_id: "old", ...temporary });
      await runs.finish(old.fence, { outcome: success, events: [custom(1)], now: 20 });
      const recent = await start(subject(), "recent", { thread_id: "recent", ...temporary });
      await runs.finish(recent.fence, { outcome: success, events: [], now: 30 });
      await accept(subject(), "waiting", { thread_id: "waiting", ...temporary });
      expect(await idsOf(subject(), {})).toEqual(["own"]);
      expect(await threads.find("old")).toMatchObject({ status: "idle" });

      expect(await runs.sweepTemporary(30, 0)).toBe(0);
      expect(await runs.sweepTemporary(30, 9)).toBe(1);
      expect(await subject().removals.clear()).toBe(false);
      expect(await threads.find("old")).toBeUndefined();
      expect(await subject().events.read("old", 0, 10)).toEqual([]);
      expect(await threads.find("recent")).toBeDefined();
      expect(await threads.find("waiting")).toBeDefined();
      expect(await threads.find("own")).toBeDefined();
    });
  });

  describe("threads with their state", () => {
    it("are copied with checkpoints, writes and parts, which then are their own", async () => {
      const { threads, checkpoints } = subject();
      await threads.create(sampleThread("t"));
      const part = { part_id: "@0123456789abcdef", value: blob("part") };
      const row = sampleCheckpoint("t", "c1", { values: { word: '="red"', list: part.part_id } });
      await checkpoints.put(row, { parts: [part] });
      const writes = [{ task_id: "task", idx: 0, channel: "word", value: blob("w") }];
      await checkpoints.putWrites(row, { writes });
      const copy = sampleThread("u", { metadata: { a: 1 }, status: "interrupted" });
      expect(await threads.copy("t", copy)).toBe(true);
      expect(await threads.find("u")).toEqual(copy);
      const at = { thread_id: "t", checkpoint_ns: "" };
      const original = await checkpoints.get(at);
      await threads.delete("t");
      expect(await checkpoints.get({ ...at, thread_id: "u" })).toEqual({
        ...original,
        thread_id: "u",
      });
      expect(await checkpoints.parts("u", [part.part_id])).toEqual([part]);
    });

    it("are not made by a copy of what is not there", async () => {
      const { threads } = subject();
      expect(await threads.copy("none", sampleThread("u"))).toBe(false);
      expect(await threads.find("u")).toBeUndefined();
    });

    it("are found and counted by the values of their newest checkpoint", async () => {
      const storage = subject();
      const { threads, checkpoints } = storage;
      for (const id of ["a", "b"]) {
        await threads.create(sampleThread(id));
        const values = { word: '="red"', n: "=1", none: "=null" };
        await checkpoints.put(sampleCheckpoint(id, "c1", { values }));
      }
      await checkpoints.put(sampleCheckpoint("b", "c2", { values: { word: '="blue \\"x\\""' } }));
      await threads.create(sampleThread("c"));
      expect(await idsOf(storage, { values: { word: "red" } })).toEqual(["a"]);
      expect(await idsOf(storage, { values: { word: 'blue "x"' } })).toEqual(["b"]);
      expect(await idsOf(storage, { values: { word: "red", n: 1, none: null } })).toEqual(["a"]);
      expect(await idsOf(storage, { values: { n: "1" } })).toEqual([]);
      expect(await threads.count({ values: { word: "red" } })).toBe(1);
      expect(await threads.count({ values: { word: "red" }, ids: ["b"] })).toBe(0);
      expect(await threads.count({})).toBe(3);
    });
  });
}
