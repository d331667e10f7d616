import { sql, type Expression, type SqlBool } from "kysely";
import type { AccessFilter } from "../domain/access-filter.ts";
import type { Dialect } from "./driver.ts";

/** A filter on metadata as a condition on the rows of a table. */
export function accessCondition(
  dialect: Dialect,
  filter: AccessFilter,
  column = "metadata",
): Expression<SqlBool> {
  if ("has" in filter) return dialect.jsonContains(column, filter.has);
  const isEvery = "every" in filter;
  const parts = (isEvery ? filter.every : filter.some).map((part) =>
    accessCondition(dialect, part, column),
  );
  // The neutral element stands first, for a list without members.
  return isEvery
    ? sql<SqlBool>`(${sql.join([sql`1 = 1`, ...parts], sql` and `)})`
    : sql<SqlBool>`(${sql.join([sql`1 = 0`, ...parts], sql` or `)})`;
}
