import { sql, type RawBuilder } from "kysely";
import { hot, type Commit } from "./commit.ts";
import type { Dialect } from "./driver.ts";
import type { Schema } from "./schema.ts";

interface Target<Row> {
  table: keyof Schema;
  columns: { readonly [Name in keyof Row]: "text" | "integer" | "blob" };
  /** What to do with a row that is there already; an error when not given. */
  onConflict?: RawBuilder<unknown>;
}

/** Inserts rows that have all these columns: in one statement where each costs a round trip. */
export function rowInserter<Row extends object>(
  { db, types, hasArrays }: Dialect,
  { table, columns, onConflict = sql`` }: Target<Row>,
): (rows: readonly Row[]) => Commit<void> {
  const names = Object.keys(columns) as (keyof Row & string)[];
  const typeOf = (name: keyof Row) =>
    columns[name] === "text" ? sql`text` : types[columns[name] === "blob" ? "blob" : "integer"];
  const target = sql`${sql.table(table)} (${sql.join(names.map((name) => sql.ref(name)))})`;
  const one = hot((row: Row) => {
    const values = sql.join(names.map((name) => row[name]));
    const insert = sql`insert into ${target} values (${values}) ${onConflict}`;
    return { compile: () => insert.compile(db) };
  });
  const many = hot((byName: Record<string, unknown>) => {
    const arrays = sql.join(names.map((name) => sql`${byName[name]}::${typeOf(name)}[]`));
    const insert = sql`insert into ${target} select * from unnest(${arrays}) ${onConflict}`;
    return { compile: () => insert.compile(db) };
  });
  return function* (rows) {
    if (rows.length === 0) return;
    if (hasArrays && rows.length > 1) {
      yield* many(Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])])));
    } else for (const row of rows) yield* one(row);
  };
}
