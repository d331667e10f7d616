import { sql, type SqlBool } from "kysely";
import { all, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { ThreadKey } from "./usage-rows.ts";
import { rowAdder } from "./usage-sums.ts";

/** Deletes old calls; what was held for one that never came to be is of no use by then either. */
export function* sweepCommit({ db }: Dialect, before: number, limit: number): Commit<number> {
  const old = db
    .selectFrom("model_call")
    .select("call_id")
    .where("started_at", "<", before)
    .orderBy("started_at")
    .limit(limit);
  const gone = yield* all(
    db.deleteFrom("model_call").where("call_id", "in", old).returning("call_id"),
  );
  yield* run(db.deleteFrom("budget_hold").where("expires_at", "<", before).where("micros", "=", 0));
  return gone.length;
}

/** Moves old sums of threads that are gone to those of no thread, so that the sum of all stays the same. */
export function* foldThreadsCommit(
  dialect: Dialect,
  beforeDay: number,
  limit: number,
): Commit<number> {
  const { db, skipLocked } = dialect;
  const rows = yield* all(
    db
      .selectFrom("usage_thread")
      .selectAll()
      .where("day", "<", beforeDay)
      .where("thread_id", "<>", "")
      .where(
        sql<SqlBool>`not exists (select 1 from thread where thread.thread_id = usage_thread.thread_id)`,
      )
      .orderBy("day")
      .limit(limit)
      .modifyEnd(skipLocked),
  );
  const add = rowAdder<ThreadKey>(dialect, "usage_thread");
  for (const row of rows) {
    yield* add({ ...row, thread_id: "" });
    yield* run(
      db
        .deleteFrom("usage_thread")
        .where("thread_id", "=", row.thread_id)
        .where("day", "=", row.day)
        .where("model_id", "=", row.model_id)
        .where("assistant_id", "=", row.assistant_id)
        .where("owner", "=", row.owner)
        .where("currency", "=", row.currency),
    );
  }
  return rows.length;
}
