import { sql, type SqlBool } from "kysely";
import { accessCondition } from "../access-condition.ts";
import { all, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { ActiveRunQuery } from "../ports.ts";
import { isActive } from "./run-conditions.ts";

/** The commit of `Runs.active`. */
export function* activeRuns(
  dialect: Dialect,
  { status, thread_id, access, after, limit }: ActiveRunQuery,
): Commit<{ run_id: string; thread_id: string }[]> {
  let rows = dialect.db
    .selectFrom("run")
    .select(["run_id", "thread_id"])
    .where(isActive)
    .where("status", "in", status)
    .orderBy("run_id")
    .limit(limit);
  if (thread_id !== undefined) rows = rows.where("thread_id", "=", thread_id);
  if (after !== undefined) rows = rows.where("run_id", ">", after);
  if (access !== undefined) {
    const meets = accessCondition(dialect, access, "thread.metadata");
    rows = rows.where(sql<SqlBool>`exists (
      select 1 from thread where thread.thread_id = run.thread_id and ${meets})`);
  }
  return yield* all(rows);
}

/** The commit of `Runs.countActive`. */
export function* countActiveRuns({ db }: Dialect): Commit<{ pending: number; running: number }> {
  const rows = yield* all(
    db
      .selectFrom("run")
      .select((eb) => ["status", eb.fn.countAll<number>().as("total")])
      .where(isActive)
      .groupBy("status"),
  );
  const of = (status: string) => rows.find((row) => row.status === status)?.total ?? 0;
  return { pending: of("pending"), running: of("running") };
}
