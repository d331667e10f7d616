import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { rowLocks } from "./row-locks.ts";

export interface RunKey {
  run_id: string;
  thread_id: string;
}

/** Deletes a run with its events; its checkpoints stay. */
export function runRemover({ db }: Dialect): (key: RunKey) => Commit<void> {
  const events = hot((p: RunKey) => db.deleteFrom("event").where("run_id", "=", p.run_id));
  const run = hot((p: RunKey) => db.deleteFrom("run").where("run_id", "=", p.run_id));
  return function* (key) {
    yield* events(key);
    yield* run(key);
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

/** Deletes a thread with its runs, their events, and its checkpoints; false when there is none. */
export function threadRemover(dialect: Dialect): (threadId: string) => Commit<boolean> {
  const { db } = dialect;
  const removeState = threadStateRemover(dialect);
  const ofThread = db.selectFrom("run").select("run_id");
  const events = hot((p: { thread_id: string }) =>
    db.deleteFrom("event").where("run_id", "in", ofThread.where("thread_id", "=", p.thread_id)),
  );
  const runs = hot((p: { thread_id: string }) =>
    db.deleteFrom("run").where("thread_id", "=", p.thread_id),
  );
  const crons = hot((p: { thread_id: string }) =>
    db.deleteFrom("cron").where("thread_id", "=", p.thread_id),
  );
  const thread = hot((p: { thread_id: string }) =>
    db.deleteFrom("thread").where("thread_id", "=", p.thread_id).returning("thread_id"),
  );
  const lock = rowLocks(dialect);
  return function* (threadId) {
    const key = { thread_id: threadId };
    const [removed] = yield* thread(key);
    if (removed === undefined) return false;
    yield* lock.runsOfThread(threadId);
    yield* events(key);
    yield* runs(key);
    yield* crons(key);
    yield* removeState(threadId);
    return true;
  };
}
