import { all, first, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { Fence } from "../../domain/run.ts";
import { sliceDeleter } from "./delete-slice.ts";
import { fenceGuard } from "./fence.ts";

/** Rows of one commit: few, so that no other run waits long for them. */
const ROWS = 250;

/** The commit of `Runs.undo`. */
export function runUndoer(dialect: Dialect): (fence: Fence) => Commit<boolean> {
  const { db } = dialect;
  const guard = fenceGuard(dialect);
  const slice = sliceDeleter(dialect);
  /** The newest go first, so that the thread is at every moment at a state that it once had. */
  function* checkpoints(scope: { thread_id: string; run_id: string }): Commit<boolean> {
    const ofRun = db
      .selectFrom("checkpoint")
      .select("checkpoint_id")
      .where("thread_id", "=", scope.thread_id)
      .where("run_id", "=", scope.run_id);
    const newest = yield* all(ofRun.orderBy("checkpoint_id", "desc").limit(ROWS));
    const last = newest.at(-1);
    if (last === undefined) return false;
    yield* run(
      db
        .deleteFrom("checkpoint")
        .where("thread_id", "=", scope.thread_id)
        .where("run_id", "=", scope.run_id)
        .where("checkpoint_id", ">=", last.checkpoint_id),
    );
    return newest.length === ROWS;
  }
  return function* (fence) {
    yield* guard(fence);
    const { run_id } = fence;
    const found = yield* first(
      db.selectFrom("run").select("thread_id").where("run_id", "=", run_id),
    );
    const scope = { thread_id: found?.thread_id ?? "", run_id };
    if (yield* checkpoints(scope)) return true;
    for (const table of ["checkpoint_write", "checkpoint_part"] as const) {
      if (!(yield* slice(table, scope, ROWS)).isAll) return true;
    }
    return false;
  };
}
