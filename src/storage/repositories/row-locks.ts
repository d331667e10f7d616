import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { isActive } from "./run-conditions.ts";

/**
 * Locks for commits that change a thread and its runs. All take the thread first, so that none waits
 * for another that waits for it. They do nothing where commits run one at a time.
 */
export function rowLocks({ db, isConcurrent, lockRows }: Dialect) {
  const threadOfRun = hot((p: { run_id: string }) =>
    db
      .selectFrom("thread")
      .select("thread_id")
      .where(
        "thread_id",
        "=",
        db.selectFrom("run").select("thread_id").where("run_id", "=", p.run_id),
      )
      .modifyEnd(lockRows),
  );
  const activeRunsOfThread = hot((p: { thread_id: string }) =>
    db
      .selectFrom("run")
      .select("run_id")
      .where("thread_id", "=", p.thread_id)
      .where(isActive)
      .orderBy("run_id")
      .modifyEnd(lockRows),
  );
  return {
    *threadOfRun(run_id: string): Commit<void> {
      if (isConcurrent) yield* threadOfRun({ run_id });
    },
    *activeRunsOfThread(thread_id: string): Commit<void> {
      if (isConcurrent) yield* activeRunsOfThread({ thread_id });
    },
  };
}
