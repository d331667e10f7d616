import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { sliceDeleter } from "./delete-slice.ts";
import { removalMarker } from "./removals.ts";
import { rowLocks } from "./row-locks.ts";
import { isActive } from "./run-conditions.ts";

export interface RunKey {
  run_id: string;
  thread_id: string;
}

/** Events that go with their run; more of them are cleared away afterwards. */
const EVENTS = 500;

/** Deletes a run with its events; its checkpoints stay. */
export function runRemover(dialect: Dialect): (key: RunKey) => Commit<void> {
  const { db } = dialect;
  const slice = sliceDeleter(dialect);
  const mark = removalMarker(dialect);
  const run = hot((p: RunKey) => db.deleteFrom("run").where("run_id", "=", p.run_id));
  // The sums of thread and day go on counting what it used.
  const usage = hot((p: RunKey) => db.deleteFrom("usage_run").where("run_id", "=", p.run_id));
  const feedback = hot((p: RunKey) => db.deleteFrom("feedback").where("run_id", "=", p.run_id));
  return function* (key) {
    const { isAll } = yield* slice("event", { run_id: key.run_id }, EVENTS);
    if (!isAll) yield* mark(key.thread_id, key.run_id);
    yield* run({ run_id: key.run_id, thread_id: key.thread_id });
    yield* usage({ run_id: key.run_id, thread_id: key.thread_id });
    yield* feedback({ run_id: key.run_id, thread_id: key.thread_id });
  };
}

/** Deletes what a run left in its thread: its checkpoints, their values, and its pending writes. */
export function runStateRemover({ db }: Dialect): (key: RunKey) => Commit<void> {
  const values = hot((p: RunKey) =>
    db
      .deleteFrom("checkpoint_blob")
      .where("thread_id", "=", p.thread_id)
      .where("run_id", "=", p.run_id),
  );
  const parts = hot((p: RunKey) =>
    db
      .deleteFrom("checkpoint_part")
      .where("thread_id", "=", p.thread_id)
      .where("run_id", "=", p.run_id),
  );
  const writes = hot((p: RunKey) =>
    db
      .deleteFrom("checkpoint_write")
      .where("thread_id", "=", p.thread_id)
      .where("run_id", "=", p.run_id),
  );
  const checkpoints = hot((p: RunKey) =>
    db.deleteFrom("checkpoint").where("thread_id", "=", p.thread_id).where("run_id", "=", p.run_id),
  );
  return function* (key) {
    yield* values(key);
    yield* parts(key);
    yield* writes(key);
    yield* checkpoints(key);
  };
}

/** Deletes all checkpoints of a thread with their values and writes. */
export function threadStateRemover({ db }: Dialect): (threadId: string) => Commit<void> {
  const tables = ["checkpoint", "checkpoint_blob", "checkpoint_part", "checkpoint_write"] as const;
  const removals = tables.map((table) =>
    hot((p: { thread_id: string }) => db.deleteFrom(table).where("thread_id", "=", p.thread_id)),
  );
  return function* (threadId) {
    for (const remove of removals) yield* remove({ thread_id: threadId });
  };
}

/**
 * Deletes a thread and what of it could still be worked on; false when there is none. Its ended runs, their
 * events and its checkpoints are out of sight with it, and cleared away afterwards.
 */
export function threadRemover(dialect: Dialect): (threadId: string) => Commit<boolean> {
  const { db } = dialect;
  const mark = removalMarker(dialect);
  const activeRuns = hot((p: { thread_id: string }) =>
    db.deleteFrom("run").where("thread_id", "=", p.thread_id).where(isActive).returning("run_id"),
  );
  const crons = hot((p: { thread_id: string }) =>
    db.deleteFrom("cron").where("thread_id", "=", p.thread_id),
  );
  const feedback = hot((p: { thread_id: string }) =>
    db.deleteFrom("feedback").where("thread_id", "=", p.thread_id),
  );
  const thread = hot((p: { thread_id: string }) =>
    db.deleteFrom("thread").where("thread_id", "=", p.thread_id).returning("thread_id"),
  );
  const lock = rowLocks(dialect);
  return function* (threadId) {
    const key = { thread_id: threadId };
    const [removed] = yield* thread(key);
    if (removed === undefined) return false;
    yield* lock.activeRunsOfThread(threadId);
    for (const { run_id } of yield* activeRuns(key)) yield* mark(threadId, run_id);
    yield* crons(key);
    yield* feedback(key);
    yield* mark(threadId);
    return true;
  };
}
