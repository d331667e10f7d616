import { sql, type RawBuilder, type SqlBool } from "kysely";
import {
  dateOf,
  type UsageFilter,
  type UsageGroup,
  type UsageReport,
  type UsageSums,
} from "../../domain/usage.ts";
import { all, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { SumColumns } from "../usage-schema.ts";
import { SUM_COLUMNS, toSums } from "./usage-rows.ts";

export interface ReportQuery {
  group_by: UsageGroup;
  filter: UsageFilter;
  limit: number;
  offset: number;
}

type SumRow = SumColumns & { currency: string };

const COLUMN_OF = {
  model: "model_id",
  assistant: "assistant_id",
  thread: "thread_id",
  day: "day",
} as const;

const SUMS = sql.join(SUM_COLUMNS.map((name) => sql`sum(${sql.ref(name)}) as ${sql.ref(name)}`));

/** Threads have sums of their own: only what asks for them reads so many rows. */
const tableOf = ({ group_by, filter }: ReportQuery) =>
  sql.table(group_by === "thread" || filter.thread_id !== undefined ? "usage_thread" : "usage_day");

function conditionOf(filter: UsageFilter): RawBuilder<SqlBool> {
  const parts = [sql`1 = 1`];
  if (filter.from_day !== undefined) parts.push(sql`day >= ${filter.from_day}`);
  if (filter.to_day !== undefined) parts.push(sql`day <= ${filter.to_day}`);
  for (const column of ["model_id", "assistant_id", "thread_id", "owner"] as const)
    if (filter[column] !== undefined) parts.push(sql`${sql.ref(column)} = ${filter[column]}`);
  return sql<SqlBool>`${sql.join(parts, sql` and `)}`;
}

const queryOf = <Row>(db: Dialect["db"], query: RawBuilder<Row>) => ({
  compile: () => query.compile(db),
});

/** Sums of groups and of all of them together. */
export function* reportCommit({ db }: Dialect, query: ReportQuery): Commit<UsageReport> {
  const { group_by, limit, offset } = query;
  const group = sql.ref(COLUMN_OF[group_by]);
  const from = sql`from ${tableOf(query)} where ${conditionOf(query.filter)}`;
  const order =
    group_by === "day"
      ? sql`grouped desc, currency`
      : sql`cost_micros desc, calls desc, grouped, currency`;
  const rows = yield* all(
    queryOf(
      db,
      sql<SumRow & { grouped: string | number }>`
        select ${group} as grouped, currency, ${SUMS} ${from}
        group by ${group}, currency order by ${order} limit ${limit} offset ${offset}`,
    ),
  );
  const totals = yield* all(
    queryOf(db, sql<SumRow>`select currency, ${SUMS} ${from} group by currency order by currency`),
  );
  return {
    rows: rows.map((row) => ({ group: nameOf(row.grouped), ...toSums(row) })),
    totals: totals.map(toSums),
  };
}

const nameOf = (grouped: string | number): string | null =>
  typeof grouped === "number" ? dateOf(grouped) : grouped || null;

/** Sums of each of these runs, or threads, by currency. */
export function* sumsOfCommit(
  { db }: Dialect,
  { table, ids }: { table: "usage_run" | "usage_thread"; ids: readonly string[] },
): Commit<Map<string, UsageSums[]>> {
  const sums = new Map<string, UsageSums[]>();
  if (ids.length === 0) return sums;
  const id = sql.ref(table === "usage_run" ? "run_id" : "thread_id");
  const rows = yield* all(
    queryOf(
      db,
      sql<SumRow & { id: string }>`
        select ${id} as id, currency, ${SUMS} from ${sql.table(table)}
        where ${id} in (${sql.join(ids)}) group by ${id}, currency order by ${id}, currency`,
    ),
  );
  for (const row of rows) sums.set(row.id, [...(sums.get(row.id) ?? []), toSums(row)]);
  return sums;
}
