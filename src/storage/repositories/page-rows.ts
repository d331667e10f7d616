import { sql, type Expression, type Kysely, type SelectQueryBuilder, type SqlBool } from "kysely";
import type { Page } from "../../domain/page.ts";
import { all, first, type Commit } from "../commit.ts";
import type { Schema } from "../schema.ts";

type Table = "assistant" | "cron" | "feedback" | "file" | "task" | "thread" | "webhook_delivery";

interface PageQuery<Row> {
  rows: SelectQueryBuilder<Schema, Table, Row>;
  conditions: Expression<SqlBool>[];
  /** The key: orders rows that are equal otherwise. */
  key: string;
  page: Page;
}

const meetsAll = (conditions: Expression<SqlBool>[]) =>
  sql<SqlBool>`${sql.join<SqlBool>([sql`1 = 1`, ...conditions], sql` and `)}`;

/** How many rows meet all conditions. */
export function* countRows(
  db: Kysely<Schema>,
  table: Table,
  conditions: Expression<SqlBool>[],
): Commit<number> {
  const counted = yield* first(
    db
      .selectFrom(table)
      .select((eb) => eb.fn.countAll<number>().as("total"))
      .where(meetsAll(conditions)),
  );
  return counted?.total ?? 0;
}

/** One page of the rows that meet all conditions, and how many do in all. */
export function* pageOf<Row>(
  db: Kysely<Schema>,
  table: Table,
  { rows, conditions, key, page }: PageQuery<Row>,
): Commit<{ rows: Row[]; total: number }> {
  const total = yield* countRows(db, table, conditions);
  const found = yield* all(
    rows
      .where(meetsAll(conditions))
      .orderBy(sql.ref(page.sort_by), page.sort_order)
      .orderBy(sql.ref(key), page.sort_order)
      .limit(page.limit)
      .offset(page.offset),
  );
  return { rows: found, total };
}
