import {
  type Compilable,
  DummyDriver,
  Kysely,
  type RawBuilder,
  sql,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type SqlBool,
} from "kysely";
import type { DatabaseSync } from "node:sqlite";
import type { Json } from "../../core/json.ts";
import { type FieldCondition, meetsCondition } from "../../domain/item-filter.ts";
import type { Dialect } from "../driver.ts";
import { jsonContains } from "../../core/json-contains.ts";
import { fromJson } from "../json-column.ts";
import { leafTexts } from "../json-leaves.ts";
import type { Schema } from "../schema.ts";

const nothing = sql``;

export const sqliteDialect: Dialect = {
  db: new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  }),
  types: {
    integer: sql`integer`,
    blob: sql`blob`,
    rowNumber: sql`integer primary key`,
    clustered: sql`without rowid`,
  },
  isConcurrent: false,
  lockRows: nothing,
  shareRows: nothing,
  guardRows: nothing,
  skipUnguarded: nothing,
  skipLocked: nothing,
  now: (given) => sql<number>`${given}`,
  hasArrays: false,
  bytesOf: (text) => sql`cast(${text} as blob)`,
  jsonContains: (column, wanted) => {
    const leaves = leafTexts(wanted).map((text) => sql`instr(${sql.ref(column)}, ${text}) > 0`);
    const exact = sql`json_contains(${sql.ref(column)}, ${JSON.stringify(wanted)})`;
    return sql<SqlBool>`(${sql.join([...leaves, exact], sql` and `)})`;
  },
  jsonMeets: (column, condition) =>
    sql<SqlBool>`json_meets(${sql.ref(column)}, ${JSON.stringify(condition)})`,
  textContains: (column, part) => sql<SqlBool>`text_contains(${sql.ref(column)}, ${part})`,
  words: {
    // Of signs that are not ASCII, `ascii` takes each to be part of a word; only the index is kept.
    table: (name) => [
      compilable(sql`create virtual table ${sql.table(name)} using fts5
        (words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii')`),
    ],
    value: (text) => sql<string>`${text}`,
    match: (table, wanted) => {
      const words = wanted.map(({ text, isStart }) => `"${text}"${isStart ? " *" : ""}`);
      return sql<SqlBool>`${sql.table(table)} match ${words.join(" AND ")}`;
    },
  },
};

function compilable(statement: RawBuilder<unknown>): Compilable {
  return { compile: () => statement.compile(sqliteDialect.db) };
}

/** Parses JSON that is mostly the same from row to row. */
function lastParsed<T>(): (text: string) => T {
  let last: { text: string; value: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, value: fromJson<T>(text) };
    return last.value;
  };
}

/** The functions that the statements of the dialect call. */
export function registerFunctions(database: DatabaseSync): void {
  const wantedOf = lastParsed<Json>();
  const options = { deterministic: true, directOnly: true };
  database.function("json_contains", options, (have, wanted) =>
    jsonContains(fromJson(String(have)), wantedOf(String(wanted))) ? 1 : 0,
  );
  const conditionOf = lastParsed<FieldCondition>();
  database.function("json_meets", options, (value, condition) =>
    meetsCondition(fromJson(String(value)), conditionOf(String(condition))) ? 1 : 0,
  );
  database.function("text_contains", options, (text, part) =>
    String(text).toLowerCase().includes(String(part).toLowerCase()) ? 1 : 0,
  );
}
