import { sql } from "kysely";
import { AppError, ConflictError, NotFoundError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import { meets } from "../../domain/access-filter.ts";
import type { Run } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type { AcceptedRun, LeaseTerms, NewRun, QueueLimits } from "../ports.ts";
import type { RunRow, ThreadRow } from "../schema.ts";
import { pendingRunEnder, runFlagger } from "./end-run.ts";
import { remnantClearer } from "./removals.ts";
import { isActive, isPending } from "./run-conditions.ts";
import { fromRun, toCancel } from "./run-rows.ts";
import { fromThread } from "./thread-rows.ts";

export type AcceptRun = NewRun & { worker?: LeaseTerms };

/** Ends the commit when so many runs wait that another must not. */
function queueGuard({ db }: Dialect): (run: Run, limits: QueueLimits) => Commit<void> {
  const waiting = db.selectFrom("run").select("run_id").where(isPending).limit(sql.lit(1));
  const beyond = hot((p: { last: number }) => waiting.offset(p.last));
  const beyondOwn = hot((p: { owner: string; last: number }) =>
    waiting.where("created_by", "=", p.owner).offset(p.last),
  );
  return function* ({ kwargs: { user } }, { all, perOwner }) {
    const owner = user?.identity ?? "";
    if (owner !== "" && (yield* beyondOwn({ owner, last: perOwner - 1 })).length > 0)
      throw queueFull(`${perOwner} of your runs are waiting already`);
    if ((yield* beyond({ last: all - 1 })).length > 0)
      throw queueFull(`${all} runs are waiting already`);
  };
}

const queueFull = (why: string): AppError =>
  new AppError("limit", `${why}; try again later`, { details: { retry_after_seconds: 5 } });

/** Makes the thread of a run if need be, and marks it busy. */
function threadPreparer(dialect: Dialect): (input: NewRun) => Commit<void> {
  const { db, lockRows } = dialect;
  const insert = hot((p: ThreadRow) =>
    db
      .insertInto("thread")
      .values(p)
      .onConflict((conflict) => conflict.doNothing())
      .returning("thread_id"),
  );
  const select = hot((p: { thread_id: string }) =>
    db
      .selectFrom("thread")
      .select(["metadata", "config"])
      .where("thread_id", "=", p.thread_id)
      .modifyEnd(lockRows),
  );
  const update = hot((p: { thread_id: string; metadata: string; config: string; now: number }) =>
    db
      .updateTable("thread")
      .set({ status: "busy", metadata: p.metadata, config: p.config, updated_at: p.now })
      .where("thread_id", "=", p.thread_id),
  );
  const clearRemnants = remnantClearer(dialect);
  return function* ({ run, create_thread, thread_metadata, thread_config, access }) {
    const { thread_id, updated_at: now } = run;
    for (;;) {
      const [found] = yield* select({ thread_id });
      if (found) {
        const before = fromJson<JsonObject>(found.metadata);
        if (!meets(before, access)) throw new NotFoundError("Thread", thread_id);
        const metadata = JSON.stringify({ ...before, ...thread_metadata });
        const config = JSON.stringify({ ...fromJson<object>(found.config), ...thread_config });
        yield* update({ thread_id, metadata, config, now });
        return;
      }
      if (create_thread === undefined) throw new NotFoundError("Thread", thread_id);
      const metadata = { ...create_thread.metadata, ...thread_metadata };
      const config = { ...create_thread.config, ...thread_config };
      const thread = { ...create_thread, thread_id, metadata, config };
      const row = fromThread(thread, run.kwargs.temporary);
      if (!run.kwargs.temporary) yield* clearRemnants(thread_id);
      if ((yield* insert({ ...row, status: "busy" })).length > 0) return;
      // Another process has made it since, so now it is found.
    }
  };
}

/** Applies a run's multitask strategy to the other runs of its thread; answers what became of them. */
function roomMaker(dialect: Dialect): (run: Run) => Commit<Omit<AcceptedRun, "run">> {
  const endPending = pendingRunEnder(dialect);
  const flag = runFlagger(dialect);
  const others = hot((p: { thread_id: string }) =>
    dialect.db
      .selectFrom("run")
      .select(["run_id", "thread_id", "status", "cancel"])
      .where("thread_id", "=", p.thread_id)
      .where(isActive)
      .orderBy("run_id")
      .modifyEnd(dialect.lockRows),
  );
  return function* ({ thread_id, multitask_strategy, updated_at: now }) {
    if (multitask_strategy === "enqueue") return { cancelled: [], ended: [] };
    const active = yield* others({ thread_id });
    if (active.length > 0 && multitask_strategy === "reject") {
      throw new ConflictError(
        `Thread ${thread_id} is already running a task; wait for it to finish or choose another multitask strategy`,
      );
    }
    const action = multitask_strategy === "rollback" ? "rollback" : "interrupt";
    const cancelled: string[] = [];
    const ended: string[] = [];
    for (const other of active) {
      if (other.status === "running") {
        yield* flag({ run_id: other.run_id, action, now });
        cancelled.push(other.run_id);
      } else {
        yield* endPending({ ...other, cancel: toCancel(other.cancel) }, action, now);
        ended.push(other.run_id);
      }
    }
    return { cancelled, ended };
  };
}

/** Inserts a run that a worker has at once, unless another of its thread waits or runs; answers whether it did. */
function claimedInserter({ db, now }: Dialect): (run: Run, worker: LeaseTerms) => Commit<boolean> {
  const active = hot((p: { thread_id: string }) =>
    db
      .selectFrom("run")
      .select("run_id")
      .where("thread_id", "=", p.thread_id)
      .where(isActive)
      .limit(sql.lit(1)),
  );
  const insert = hot(({ given, lease_ms, ...row }: RunRow & { given: number; lease_ms: number }) =>
    db.insertInto("run").values({
      ...row,
      claimed_at: now(given),
      lease_until: sql`${now(given)} + ${lease_ms}`,
    }),
  );
  return function* (run, { owner, leaseMs }) {
    if ((yield* active({ thread_id: run.thread_id })).length > 0) return false;
    const lease_ms = Math.round(leaseMs);
    yield* insert({ ...fromRun(run), owner, given: run.updated_at, lease_ms });
    return true;
  };
}

/** The commit of `Runs.accept`. */
export function runAccepter(dialect: Dialect): (input: AcceptRun) => Commit<AcceptedRun> {
  const prepareThread = threadPreparer(dialect);
  const makeRoom = roomMaker(dialect);
  const guardQueue = queueGuard(dialect);
  const insert = hot((p: RunRow) => dialect.db.insertInto("run").values(p));
  const insertClaimed = claimedInserter(dialect);
  return function* (input) {
    if (input.max_pending !== undefined) yield* guardQueue(input.run, input.max_pending);
    yield* prepareThread(input);
    const others = yield* makeRoom(input.run);
    const run: Run = { ...input.run, status: "pending", cancel: null, error: null };
    const claimed: Run = { ...run, status: "running", epoch: run.epoch + 1 };
    if (input.worker && (yield* insertClaimed(claimed, input.worker)))
      return { run, ...others, claimed };
    yield* insert(fromRun(run));
    return { run, ...others };
  };
}
