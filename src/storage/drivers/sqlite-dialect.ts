import {
  DummyDriver,
  Kysely,
  sql,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type SqlBool,
} from "kysely";
import type { DatabaseSync } from "node:sqlite";
import type { Json } from "../../core/json.ts";
import type { Dialect } from "../driver.ts";
import { jsonContains } from "../../core/json-contains.ts";
import { fromJson } from "../json-column.ts";
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
  skipLocked: nothing,
  now: (given) => sql<number>`${given}`,
  hasArrays: false,
  jsonContains: (column, wanted) =>
    sql<SqlBool>`json_contains(${sql.ref(column)}, ${JSON.stringify(wanted)})`,
  textContains: (column, part) => sql<SqlBool>`text_contains(${sql.ref(column)}, ${part})`,
};

/** The functions that the statements of the dialect call. */
export function registerFunctions(database: DatabaseSync): void {
  let wantedText = "null";
  let wanted: Json = null;
  const options = { deterministic: true, directOnly: true };
  database.function("json_contains", options, (have, text) => {
    if (text !== wantedText) {
      wantedText = String(text);
      wanted = fromJson(wantedText);
    }
    return jsonContains(fromJson(String(have)), wanted) ? 1 : 0;
  });
  database.function("text_contains", options, (text, part) =>
    String(text).toLowerCase().includes(String(part).toLowerCase()) ? 1 : 0,
  );
}
