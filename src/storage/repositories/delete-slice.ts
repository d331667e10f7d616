import { sql, type RawBuilder } from "kysely";
import { all, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { Schema } from "../schema.ts";

/** Bytes of values that one commit deletes at most, about: a large value is many pages to give back. */
const BYTES = 2 * 1024 * 1024;

/** A table whose rows can be many: the key that orders them, and the column that can be large. */
const TABLES = {
  event: { key: ["run_id", "seq"], size: "payload" },
  checkpoint: { key: ["thread_id", "checkpoint_ns", "checkpoint_id"], size: "checkpoint" },
  checkpoint_blob: { key: ["thread_id", "checkpoint_ns", "version", "channel"], size: "value" },
  checkpoint_part: { key: ["thread_id", "part_id"], size: "value" },
  file: { key: ["thread_id", "file_id"], size: "bytes" },
  checkpoint_write: {
    key: ["thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "run_id"],
    size: "value",
  },
} as const satisfies Partial<Record<keyof Schema, { key: readonly string[]; size: string }>>;

export type SlicedTable = keyof typeof TABLES;

/** Which rows: those that have all these values. */
export type Scope = Readonly<Record<string, string>>;

const row = (values: readonly RawBuilder<unknown>[]) => sql`(${sql.join([...values])})`;

/**
 * Deletes the first rows of a scope, by their key: at most `rows` of them and about 2 MB of values.
 * Answers how many, and whether that was all.
 */
export function sliceDeleter({
  db,
}: Dialect): (
  table: SlicedTable,
  scope: Scope,
  rows: number,
) => Commit<{ count: number; isAll: boolean }> {
  return function* (table, scope, rows) {
    const { key, size } = TABLES[table];
    const columns = key.map((name) => sql.ref(name));
    const where = sql.join(
      Object.entries(scope).map(([name, value]) => sql`${sql.ref(name)} = ${value}`),
      sql` and `,
    );
    const select = sql<Record<string, unknown> & { size: number }>`
      select ${sql.join(columns)}, octet_length(${sql.ref(size)}) as size from ${sql.table(table)}
      where ${where} order by ${sql.join(columns)} limit ${rows}`;
    const found = yield* all({ compile: () => select.compile(db) });
    let bytes = 0;
    let count = 0;
    while (count < found.length && bytes < BYTES) bytes += found[count++]?.size ?? 0;
    const last = found[count - 1];
    if (last === undefined) return { count: 0, isAll: true };
    const end = row(key.map((name) => sql`${last[name]}`));
    const remove = sql`delete from ${sql.table(table)} where ${where} and ${row(columns)} <= ${end}`;
    yield* all({ compile: () => remove.compile(db) });
    return { count, isAll: count === found.length && count < rows };
  };
}
