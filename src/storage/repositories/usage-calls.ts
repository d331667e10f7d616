import { sql, type SqlBool } from "kysely";
import type { CallFilter, ModelCall } from "../../domain/usage.ts";
import { all, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { ModelCallRow } from "../usage-schema.ts";

export interface CallsQuery {
  filter: CallFilter;
  after?: Pick<ModelCall, "started_at" | "call_id"> | undefined;
  limit: number;
}

/** Calls in the order of the index on when they began. */
export function* callsCommit(
  { db }: Dialect,
  { filter, after, limit }: CallsQuery,
): Commit<ModelCallRow[]> {
  const { from, before, ...same } = filter;
  let query = db.selectFrom("model_call").selectAll();
  if (from !== undefined) query = query.where("started_at", ">=", from);
  if (before !== undefined) query = query.where("started_at", "<", before);
  if (after !== undefined)
    query = query.where(
      sql<SqlBool>`(started_at, call_id) > (${after.started_at}, ${after.call_id})`,
    );
  for (const column of ["model_id", "assistant_id", "thread_id", "owner"] as const) {
    const value = same[column];
    if (value !== undefined) query = query.where(column, "=", value);
  }
  return yield* all(query.orderBy("started_at").orderBy("call_id").limit(limit));
}

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
