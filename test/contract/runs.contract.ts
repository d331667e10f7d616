import { describe, expect, it } from "vitest";
import { ConflictError, LeaseLostError, NotFoundError } from "../../src/core/errors.ts";
import type { MultitaskStrategy, Run } from "../../src/domain/run.ts";
import {
  accept,
  claim,
  custom,
  sampleRun,
  sampleThread,
  start,
  success,
  waitingIn,
} from "./samples.ts";
import type { Subject } from "./storage.contract.ts";

/** Not yet, whether the caller or the database tells the time. */
const IN_A_CENTURY = 4_900_000_000_000;

export function runsContract(subject: Subject): void {
  describe("accepting runs", () => {
    it("keeps every field, pending", async () => {
      const run = sampleRun("r", "thread", {
        metadata: { a: 1 },
        multitask_strategy: "reject",
        created_at: 1_700_000_000_001,
        updated_at: 1_700_000_000_000,
        kwargs: {
          ...sampleRun("", "").kwargs,
          command: { resume: { ok: true } },
          interrupt_before: "*",
          context: { model: "demo" },
        },
      });
      const { run: accepted, cancelled } = await accept(subject(), "r", run);
      expect(accepted).toEqual(run);
      expect(cancelled).toEqual([]);
      expect(await subject().runs.find("r")).toEqual(run);
      expect(await subject().runs.find("none")).toBeUndefined();
    });

    it("makes the thread when it is missing, busy and with the run's metadata and config", async () => {
      await subject().runs.accept({
        run: sampleRun("r", "t"),
        create_thread: sampleThread("t", { metadata: { a: 1, b: 1 }, config: { x: 1 } }),
        thread_metadata: { b: 2 },
        thread_config: { y: 2 },
      });
      expect(await subject().threads.find("t")).toMatchObject({
        status: "busy",
        metadata: { a: 1, b: 2 },
        config: { x: 1, y: 2 },
      });
    });

    it("merges metadata and config into a thread that is there", async () => {
      await subject().threads.create(sampleThread("t", { metadata: { a: 1 }, config: { x: 1 } }));
      await subject().runs.accept({
        run: sampleRun("r", "t", { updated_at: 5 }),
        create_thread: sampleThread("t", { metadata: { unused: true } }),
        thread_metadata: { b: 2 },
        thread_config: { x: 2 },
      });
      const thread = await subject().threads.find("t");
      expect(thread).toMatchObject({ status: "busy", updated_at: 5, created_at: 1 });
      expect(thread?.metadata).toEqual({ a: 1, b: 2 });
      expect(thread?.config).toEqual({ x: 2 });
    });

    it("refuses a run on a thread that is not there", async () => {
      const refused = subject().runs.accept({
        run: sampleRun("r", "none"),
        thread_metadata: {},
        thread_config: {},
      });
      await expect(refused).rejects.toThrow(NotFoundError);
      expect(await subject().runs.find("r")).toBeUndefined();
    });

    it("refuses a run id that is taken, and changes nothing", async () => {
      await accept(subject(), "r");
      await expect(accept(subject(), "r", { thread_id: "other" })).rejects.toThrow(ConflictError);
      expect(await subject().threads.find("other")).toBeUndefined();
    });
  });

  describe("multitask strategies", () => {
    it("enqueue lets the others be", async () => {
      await start(subject(), "first");
      await accept(subject(), "second");
      expect(await accept(subject(), "third")).toMatchObject({ cancelled: [] });
      expect(await subject().runs.find("first")).toMatchObject({ status: "running", cancel: null });
      expect(await subject().runs.find("second")).toMatchObject({ status: "pending" });
    });

    it("reject refuses while another run waits, runs, and not after", async () => {
      const reject = { multitask_strategy: "reject" } as const;
      await accept(subject(), "first");
      await expect(accept(subject(), "second", reject)).rejects.toThrow(ConflictError);
      const { fence } = await claim(subject());
      await expect(accept(subject(), "second", reject)).rejects.toThrow(ConflictError);
      expect(await subject().runs.find("second")).toBeUndefined();
      await accept(subject(), "second", { ...reject, thread_id: "another" });
      await subject().runs.finish(fence, { outcome: success, events: [], now: 2 });
      await accept(subject(), "third", reject);
    });

    it("interrupt flags the running run and ends the waiting ones with an end event", async () => {
      await start(subject(), "running");
      await accept(subject(), "waiting");
      await accept(subject(), "elsewhere", { thread_id: "other" });
      const { cancelled } = await accept(subject(), "new", { multitask_strategy: "interrupt" });
      expect(cancelled).toEqual(["running"]);
      const { runs, events } = subject();
      expect(await runs.find("running")).toMatchObject({ status: "running", cancel: "interrupt" });
      expect(await runs.find("waiting")).toMatchObject({ status: "interrupted" });
      expect(await events.read("waiting", 0, 10)).toEqual([
        { kind: "end", status: "interrupted", seq: 1 },
      ]);
      expect(await runs.find("elsewhere")).toMatchObject({ status: "pending" });
      expect(await runs.find("new")).toMatchObject({ status: "pending" });
    });

    it("rollback flags the running run and deletes the waiting ones", async () => {
      await start(subject(), "running");
      await accept(subject(), "waiting");
      const { cancelled } = await accept(subject(), "new", { multitask_strategy: "rollback" });
      expect(cancelled).toEqual(["running"]);
      const { runs } = subject();
      expect(await runs.find("running")).toMatchObject({ status: "running", cancel: "rollback" });
      expect(await runs.find("waiting")).toBeUndefined();
      expect(await runs.find("new")).toMatchObject({ status: "pending" });
    });

    it.each<MultitaskStrategy>(["reject", "enqueue", "interrupt", "rollback"])(
      "%s lets a first run through",
      async (multitask_strategy) => {
        await accept(subject(), "r", { multitask_strategy });
        expect(await subject().runs.find("r")).toMatchObject({ status: "pending" });
        expect(await subject().threads.find("thread")).toMatchObject({ status: "busy" });
      },
    );
  });

  describe("accepting a run for a worker", () => {
    const offered = (run_id: string, change: Partial<Run> & { thread_id?: string } = {}) =>
      accept(subject(), run_id, change, { owner: "w", leaseMs: 5 });

    it("leases it in the same commit, as a claim would have", async () => {
      const { run, claimed } = await offered("r", { created_at: 10, updated_at: 10 });
      expect(run).toMatchObject({ status: "pending", epoch: 0 });
      expect(claimed).toMatchObject({ run_id: "r", status: "running", epoch: 1 });
      expect(await subject().runs.find("r")).toEqual(claimed);
      expect(await subject().threads.find("thread")).toMatchObject({ status: "busy" });
      expect(await subject().runs.claim("other", { now: 10, leaseMs: 5 })).toBeUndefined();
      const lease = { now: 12, leaseMs: 5 };
      expect(await subject().runs.renewAll("w", lease)).toMatchObject([{ run_id: "r", epoch: 1 }]);
    });

    it("leaves it waiting behind a run of its thread that waits or runs", async () => {
      await accept(subject(), "first");
      expect((await offered("second", { created_at: 2 })).claimed).toBeUndefined();
      const { run } = await claim(subject());
      expect(run.run_id).toBe("first");
      expect((await offered("third", { created_at: 3 })).claimed).toBeUndefined();
      expect(await subject().runs.find("third")).toMatchObject({ status: "pending", epoch: 0 });
    });

    it("gives it to others once the lease has ended", async () => {
      await offered("r", { created_at: 10, updated_at: 10 });
      await subject().runs.renewAll("w", { now: 0, leaseMs: 0 });
      expect(await subject().runs.reclaim(IN_A_CENTURY)).toMatchObject([
        { run_id: "r", status: "pending", crashes: 1 },
      ]);
    });
  });

  describe("claiming runs", () => {
    it("leases a run with a raised epoch, and nothing when none waits", async () => {
      await accept(subject(), "r");
      const run = await subject().runs.claim("w", { now: 10, leaseMs: 5 });
      expect(run).toMatchObject({ run_id: "r", status: "running", epoch: 1, updated_at: 10 });
      expect(await subject().runs.find("r")).toEqual(run);
      expect(await subject().runs.claim("w", { now: 10, leaseMs: 5 })).toBeUndefined();
    });

    it("takes the oldest first, whatever the order of arrival", async () => {
      await accept(subject(), "b", { thread_id: "1", created_at: 3 });
      await accept(subject(), "a", { thread_id: "2", created_at: 3 });
      await accept(subject(), "c", { thread_id: "3", created_at: 2 });
      const claimed = [];
      for (let n = 0; n < 3; n += 1) claimed.push((await claim(subject())).run.run_id);
      expect(claimed).toEqual(["c", "a", "b"]);
    });

    it("leaves a run alone until its time has come", async () => {
      await accept(subject(), "later", { created_at: IN_A_CENTURY });
      expect(await subject().runs.claim("w", { now: 10, leaseMs: 5 })).toBeUndefined();
      await accept(subject(), "due", { created_at: 11, thread_id: "other" });
      expect(await subject().runs.claim("w", { now: 11, leaseMs: 5 })).toMatchObject({
        run_id: "due",
      });
    });

    it("runs one run of a thread at a time, in order, and others beside it", async () => {
      await accept(subject(), "1", { thread_id: "a", created_at: 1 });
      await accept(subject(), "2", { thread_id: "a", created_at: 2 });
      await accept(subject(), "3", { thread_id: "b", created_at: 3 });
      const first = await claim(subject());
      const second = await claim(subject());
      expect([first.run.run_id, second.run.run_id]).toEqual(["1", "3"]);
      expect(await subject().runs.claim("w", { now: 10, leaseMs: 5 })).toBeUndefined();
      await subject().runs.finish(first.fence, { outcome: success, events: [], now: 11 });
      expect((await claim(subject())).run.run_id).toBe("2");
    });

    it("gives each of many simultaneous claims another run", async () => {
      const ids = Array.from({ length: 20 }, (_, n) => `run ${n}`);
      await Promise.all(ids.map((id, n) => accept(subject(), id, { thread_id: `t${n % 5}` })));
      const claims = ids.map(() => subject().runs.claim("w", { now: 10, leaseMs: 5 }));
      const claimed = (await Promise.all(claims)).filter((run) => run !== undefined);
      expect(claimed).toHaveLength(5);
      expect(new Set(claimed.map(({ thread_id }) => thread_id)).size).toBe(5);
      expect(await waitingIn(subject(), new Set(ids.map((_, n) => `t${n % 5}`)))).toBe(15);
    });

    it("makes a thread busy that an earlier run had left in error", async () => {
      const { fence } = await start(subject(), "1");
      await accept(subject(), "2");
      const outcome = { ...success, status: "error", rest_status: "error" } as const;
      await subject().runs.finish(fence, { outcome, events: [], now: 11 });
      expect(await subject().threads.find("thread")).toMatchObject({ status: "error" });
      await claim(subject());
      expect(await subject().threads.find("thread")).toMatchObject({ status: "busy" });
    });
  });

  describe("leases", () => {
    it("counts what workers before had of time, to the end of their leases at most", async () => {
      const { runs } = subject();
      await accept(subject(), "r");
      const spent = async () => (await runs.find("r"))?.spent_ms ?? 0;
      await runs.claim("first", { now: 10, leaseMs: 60_000 });
      await runs.release({ run_id: "r", epoch: 1 }, 40);
      const once = await spent();
      // The database's own clock counts where it has one: there next to no time has passed.
      expect(once === 30 || once < 1000).toBe(true);
      await runs.claim("second", { now: 100, leaseMs: 5 });
      await runs.takeOver(9_999_999);
      expect((await spent()) - once).toBeLessThanOrEqual(5);
    });

    it("refuses everything under the fence of a claim that is over", async () => {
      const { runs, events } = subject();
      const { fence: old } = await start(subject(), "r");
      await runs.takeOver(11);
      const end = { outcome: success, events: [custom(1)], now: 12 };
      await expect(runs.finish(old, end)).rejects.toThrow(LeaseLostError);
      const { fence } = await claim(subject());
      expect(fence.epoch).toBe(2);
      await expect(runs.finish(old, end)).rejects.toThrow(LeaseLostError);
      await expect(runs.release(old, 12)).rejects.toThrow(LeaseLostError);
      expect(await events.append([{ fence: old, events: [custom(1)] }])).toEqual({ lost: ["r"] });
      expect(await events.read("r", 0, 10)).toEqual([]);
      expect(await runs.find("r")).toMatchObject({ status: "running", epoch: 2 });
      await runs.finish(fence, end);
    });

    it("gives a released run back without counting a crash", async () => {
      const { fence } = await start(subject(), "r");
      await subject().runs.release(fence, 12);
      expect(await subject().runs.find("r")).toMatchObject({
        status: "pending",
        crashes: 0,
        epoch: 1,
      });
      expect((await claim(subject())).run).toMatchObject({ run_id: "r", epoch: 2 });
    });

    it("takes every running run over, counting a crash", async () => {
      await start(subject(), "1", { thread_id: "a", created_at: 2 });
      await start(subject(), "2", { thread_id: "b", created_at: 1 });
      await accept(subject(), "3", { thread_id: "c" });
      const taken = await subject().runs.takeOver(20);
      expect(taken.map(({ run_id }) => run_id)).toEqual(["2", "1"]);
      expect(taken[0]).toMatchObject({ status: "pending", crashes: 1, epoch: 1, updated_at: 20 });
      expect(await subject().runs.find("3")).toMatchObject({ status: "pending", crashes: 0 });
      expect(await subject().runs.takeOver(21)).toEqual([]);
    });
  });

  describe("leases that end", () => {
    const ENDED = { now: 10, leaseMs: 0 };
    const LASTING = { now: 10, leaseMs: 60_000 };

    it("puts a run whose lease has ended back, counting a crash, and no other", async () => {
      const { runs } = subject();
      await accept(subject(), "1", { thread_id: "a" });
      await accept(subject(), "2", { thread_id: "b", created_at: 2 });
      await runs.claim("silent", ENDED);
      await runs.claim("alive", LASTING);
      expect(await runs.reclaim(10)).toMatchObject([
        { run_id: "1", status: "pending", crashes: 1, epoch: 1 },
      ]);
      expect(await runs.reclaim(10)).toEqual([]);
      expect(await runs.find("2")).toMatchObject({ status: "running", crashes: 0 });
      expect((await claim(subject())).run).toMatchObject({ run_id: "1", epoch: 2 });
    });

    it("refuses the worker that was silent for too long", async () => {
      const { runs } = subject();
      await accept(subject(), "r");
      await runs.claim("silent", ENDED);
      await runs.reclaim(10);
      expect(await runs.renewAll("silent", LASTING)).toEqual([]);
    });

    it("extends all leases of one worker at once and tells what was asked of its runs", async () => {
      const { runs } = subject();
      for (const id of ["1", "2", "3"]) await accept(subject(), id, { thread_id: id });
      await accept(subject(), "4", { thread_id: "1", created_at: 2 });
      await runs.claim("us", ENDED);
      await runs.claim("us", ENDED);
      await runs.claim("others", ENDED);
      await runs.requestCancel("2", "rollback", 10);
      const renewed = await runs.renewAll("us", LASTING);
      expect(renewed.toSorted((a, b) => a.run_id.localeCompare(b.run_id))).toEqual([
        { run_id: "1", epoch: 1, cancel: null },
        { run_id: "2", epoch: 1, cancel: "rollback" },
      ]);
      expect((await runs.reclaim(10)).map(({ run_id }) => run_id)).toEqual(["3"]);
    });

    it("keeps a run whose lease was renewed", async () => {
      const { runs } = subject();
      await accept(subject(), "r");
      await runs.claim("us", ENDED);
      await runs.renewAll("us", LASTING);
      expect(await runs.reclaim(10)).toEqual([]);
    });
  });

  describe("reading runs", () => {
    it("lists the runs of a thread, newest first", async () => {
      await accept(subject(), "1", { created_at: 1 });
      await accept(subject(), "2", { created_at: 2 });
      await accept(subject(), "3", { created_at: 2 });
      await accept(subject(), "other", { thread_id: "other" });
      const { run } = await claim(subject());
      const idsOf = async (query: Parameters<ReturnType<Subject>["runs"]["list"]>[1]) =>
        (await subject().runs.list("thread", query)).map(({ run_id }) => run_id);
      expect(run.run_id).toBe("1");
      expect(await idsOf({ limit: 10, offset: 0 })).toEqual(["3", "2", "1"]);
      expect(await idsOf({ limit: 1, offset: 1 })).toEqual(["2"]);
      expect(await idsOf({ limit: 10, offset: 0, status: "running" })).toEqual(["1"]);
      expect(await idsOf({ limit: 10, offset: 0, status: "error" })).toEqual([]);
    });

    it("goes through the runs of a thread in the order they are executed", async () => {
      const { runs } = subject();
      await accept(subject(), "a", { created_at: 1 });
      await accept(subject(), "b", { created_at: 1 });
      await accept(subject(), "c", { created_at: 2 });
      await accept(subject(), "other", { thread_id: "other" });
      const { fence } = await claim(subject());
      await runs.finish(fence, { outcome: success, events: [], now: 20 });
      const idOf = async (from: Parameters<typeof runs.next>[1]) =>
        (await runs.next("thread", from))?.run_id;
      expect(await idOf({ endedSince: 0 })).toBe("a");
      expect(await idOf({ endedSince: 20 })).toBe("a");
      expect(await idOf({ endedSince: 21 })).toBe("b");
      expect(await idOf({ after: { created_at: 1, run_id: "a" } })).toBe("b");
      expect(await idOf({ after: { created_at: 1, run_id: "b" } })).toBe("c");
      expect(await idOf({ after: { created_at: 2, run_id: "c" } })).toBeUndefined();
    });
  });

  describe("truncate", () => {
    it("deletes what is named and keeps the rest", async () => {
      const storage = subject();
      const { fence } = await start(storage, "r");
      await storage.events.append([{ fence, events: [custom(1)] }]);
      await storage.truncate({ runs: true });
      expect(await storage.runs.find("r")).toBeUndefined();
      expect(await storage.events.read("r", 0, 1)).toEqual([]);
      expect(await storage.threads.find("thread")).toBeDefined();
      await storage.truncate({ threads: true, assistants: true, checkpointer: true });
      expect(await storage.threads.find("thread")).toBeUndefined();
    });
  });

  describe("several runs at once", () => {
    const newRun = (run_id: string, thread_id: string) => ({
      run: sampleRun(run_id, thread_id),
      thread_metadata: {},
      thread_config: {},
    });

    it("are accepted in their order", async () => {
      const { threads, runs } = subject();
      await threads.create(sampleThread("t"));
      const create_thread = sampleThread("u");
      const accepted = await runs.acceptAll([
        newRun("b", "t"),
        { ...newRun("a", "u"), create_thread },
        newRun("c", "t"),
      ]);
      expect(accepted.map(({ run }) => run.run_id)).toEqual(["b", "a", "c"]);
      expect((await runs.find("c"))?.status).toBe("pending");
      expect((await threads.find("u"))?.status).toBe("busy");
    });

    it("are not accepted at all when one is refused", async () => {
      const { threads, runs } = subject();
      await threads.create(sampleThread("t"));
      const create_thread = sampleThread("u");
      const all = [newRun("a", "t"), { ...newRun("b", "u"), create_thread }, newRun("c", "none")];
      await expect(runs.acceptAll(all)).rejects.toThrow(NotFoundError);
      expect(await runs.find("a")).toBeUndefined();
      expect(await threads.find("u")).toBeUndefined();
      expect((await threads.find("t"))?.status).toBe("idle");
    });
  });

  describe("runs that wait or run", () => {
    it("are found by state, thread and access, page by page", async () => {
      const storage = subject();
      const access = { has: { owner: "me" } };
      await storage.threads.create(sampleThread("t", { metadata: { owner: "me" } }));
      await start(storage, "a", { thread_id: "t" });
      await accept(storage, "b", { thread_id: "t" });
      await accept(storage, "c", { thread_id: "u" });
      const active = async (query: Partial<Parameters<typeof storage.runs.active>[0]>) =>
        (await storage.runs.active({ status: ["pending", "running"], limit: 10, ...query })).map(
          ({ run_id }) => run_id,
        );
      expect(await active({})).toEqual(["a", "b", "c"]);
      expect(await active({ status: ["running"] })).toEqual(["a"]);
      expect(await active({ status: ["pending"], thread_id: "t" })).toEqual(["b"]);
      expect(await active({ access })).toEqual(["a", "b"]);
      expect(await active({ limit: 1, after: "a" })).toEqual(["b"]);
    });
  });
}
