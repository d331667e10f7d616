import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { Removals } from "../removal-ports.ts";
import { sliceDeleter, type SlicedTable } from "./delete-slice.ts";

/** Rows of one commit, and marks or runs of one look: few, so that no run waits long for them. */
const ROWS = 250;
const BATCH = 50;

const STATE: readonly SlicedTable[] = [
  "file",
  "checkpoint",
  "checkpoint_write",
  "checkpoint_blob",
  "checkpoint_part",
];

/** A thread that was deleted, or with a run id only that run of it. */
interface Mark {
  thread_id: string;
  run_id: string;
}

/** Notes that a thread, or one run of it, is deleted: what is left of it is to be cleared away. */
export const removalMarker =
  ({ db }: Dialect) =>
  (thread_id: string, run_id = ""): Commit<void> =>
    run(
      db
        .insertInto("removed")
        .values({ thread_id, run_id })
        .onConflict((conflict) => conflict.doNothing()),
    );

/** Clears rows of what was deleted, so many at most, in the order of the marks. */
function clearer(dialect: Dialect): (mark: Mark, rows: number) => Commit<number> {
  const { db } = dialect;
  const slice = sliceDeleter(dialect);
  /** Answers how many rows it may still delete; 0 when some may be left. */
  function* clearEvents(run_id: string, rows: number): Commit<number> {
    const { count, isAll } = yield* slice("event", { run_id }, rows);
    return isAll ? rows - count : 0;
  }
  function* clearRuns(thread_id: string, rows: number): Commit<number> {
    let left = rows;
    while (left > 0) {
      const runs = yield* all(
        db.selectFrom("run").select("run_id").where("thread_id", "=", thread_id).limit(BATCH),
      );
      if (runs.length === 0) return left;
      for (const { run_id } of runs) {
        left = yield* clearEvents(run_id, left);
        if (left <= 0) return 0;
        yield* run(db.deleteFrom("run").where("run_id", "=", run_id));
        yield* run(db.deleteFrom("usage_run").where("run_id", "=", run_id));
        left -= 1;
      }
    }
    return 0;
  }
  return function* ({ thread_id, run_id }, rows) {
    if (run_id !== "") return yield* clearEvents(run_id, rows);
    let left = yield* clearRuns(thread_id, rows);
    for (const table of STATE) {
      if (left <= 0) return 0;
      const { count, isAll } = yield* slice(table, { thread_id }, left);
      left = isAll ? left - count : 0;
    }
    return left;
  };
}

const unmark = ({ db }: Dialect, { thread_id, run_id }: Mark): Commit<void> =>
  run(db.deleteFrom("removed").where("thread_id", "=", thread_id).where("run_id", "=", run_id));

/** Clears away all at once what a thread of the same id has left that was deleted before. */
export function remnantClearer(dialect: Dialect): (threadId: string) => Commit<void> {
  const clear = clearer(dialect);
  return function* (thread_id) {
    const mark = { thread_id, run_id: "" };
    const { db, lockRows } = dialect;
    const found = yield* first(
      db
        .selectFrom("removed")
        .select("thread_id")
        .where("thread_id", "=", thread_id)
        .where("run_id", "=", "")
        .modifyEnd(lockRows),
    );
    if (found === undefined) return;
    while ((yield* clear(mark, ROWS)) <= 0);
    yield* unmark(dialect, mark);
  };
}

export class KyselyRemovals implements Removals {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #clear: ReturnType<typeof clearer>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
    this.#clear = clearer(dialect);
  }

  clear(threadId?: string): Promise<boolean> {
    return this.#commits.write(() => this.#clearCommit(threadId));
  }

  *#clearCommit(threadId: string | undefined): Commit<boolean> {
    const { db, skipLocked } = this.#dialect;
    const marks = yield* all(
      db
        .selectFrom("removed")
        .selectAll()
        .$if(threadId !== undefined, (query) => query.where("thread_id", "=", threadId ?? ""))
        .orderBy("thread_id")
        .orderBy("run_id")
        .limit(BATCH)
        .modifyEnd(skipLocked),
    );
    let left = ROWS;
    for (const mark of marks) {
      left = yield* this.#clear(mark, left);
      if (left <= 0) return true;
      yield* unmark(this.#dialect, mark);
    }
    return marks.length === BATCH;
  }
}
