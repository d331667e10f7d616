import { sql, type SqlBool } from "kysely";
import type { CallFilter, ModelCall } from "../../domain/usage.ts";
import { all, type Commit } from "../commit.ts";
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
