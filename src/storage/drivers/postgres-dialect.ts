import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
  type Compilable,
  type DataTypeNode,
  type RawBuilder,
  type SqlBool,
} from "kysely";
import type { FieldCondition } from "../../domain/item-filter.ts";
import type { Json } from "../../core/json.ts";
import type { Dialect } from "../driver.ts";
import { leafTexts } from "../json-leaves.ts";
import type { Schema } from "../schema.ts";

/** Text is ordered by its bytes, as in SQLite and whatever the locale of the database. */
class ByteOrderCompiler extends PostgresQueryCompiler {
  protected override visitDataType(node: DataTypeNode): void {
    super.visitDataType(node);
    if (node.dataType === "text") this.append(' collate "C"');
  }
}

/** Escapes that JSON text may hold and jsonb refuses: NUL and halves of a surrogate pair. */
const REFUSED_ESCAPE = String.raw`\\u(0000|d[89a-f][0-9a-f]{2})`;
const REPLACEMENT = String.raw`\ufffd`;

const toJsonb = (text: unknown) => sql`(case when strpos(${text}, '\\u') > 0
  then regexp_replace(${text}, ${sql.lit(REFUSED_ESCAPE)}, ${sql.lit(String.raw`\\ufffd`)}, 'g')
  else ${text} end)::jsonb`;

const withoutRefused = (text: string) =>
  text.replaceAll(new RegExp(REFUSED_ESCAPE, "g"), () => REPLACEMENT);

export const postgresDialect: Dialect = {
  db: new Kysely<Schema>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new ByteOrderCompiler(),
    },
  }),
  types: {
    integer: sql`bigint`,
    blob: sql`bytea`,
    rowNumber: sql`bigint generated always as identity primary key`,
    clustered: sql``,
  },
  isConcurrent: true,
  lockRows: sql`for update`,
  shareRows: sql`for share`,
  guardRows: sql`for key share`,
  skipUnguarded: sql`for no key update skip locked`,
  skipLocked: sql`for update skip locked`,
  now: () => sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
  hasArrays: true,
  bytesOf: (text) => sql`convert_to(${text}, 'UTF8')`,
  jsonContains: (column, wanted) => {
    const json = withoutRefused(JSON.stringify(wanted));
    const leaves = leafTexts(wanted).map((text) => sql`strpos(${sql.ref(column)}, ${text}) > 0`);
    const exact = sql`${toJsonb(sql.ref(column))} @> ${json}::jsonb`;
    return sql<SqlBool>`(${sql.join([...leaves, exact], sql` and `)})`;
  },
  jsonMeets: (column, condition) => meets(sql.ref(column), condition),
  textContains: (column, part) =>
    sql<SqlBool>`strpos(${folded(sql.ref(column))}, ${folded(sql`${part}::text`)}) > 0`,
  words: {
    table: (name) => [
      compilable(
        sql`create table ${sql.table(name)} (rowid bigint primary key, words tsvector not null)`,
      ),
      compilable(
        sql`create index ${sql.ref(`${name}_words`)} on ${sql.table(name)} using gin (words)`,
      ),
    ],
    value: (text) => sql<string>`array_to_tsvector(string_to_array(${text.trim()}, ' '))`,
    match: (table, wanted) => {
      const words = wanted.map(({ text, isStart }) => `'${text}'${isStart ? ":*" : ""}`);
      return sql<SqlBool>`${sql.table(table)}.words @@ ${words.join(" & ")}::tsquery`;
    },
  },
};

function compilable(statement: RawBuilder<unknown>): Compilable {
  return { compile: () => statement.compile(postgresDialect.db) };
}

/** Without regard to case in any alphabet, which the collation of bytes knows nothing of. */
function folded(text: unknown) {
  return sql`lower(${text} collate "und-x-icu")`;
}

const ORDERING = { $gt: sql`>`, $gte: sql`>=`, $lt: sql`<`, $lte: sql`<=` } as const;

const jsonbOf = (value: Json) => sql`${withoutRefused(JSON.stringify(value))}::jsonb`;

/** What `meetsCondition` says, in SQL; path and operand are bound. */
function meets(column: unknown, { path, operator, operand }: FieldCondition) {
  const field = sql`(${toJsonb(column)} #> ${[...path]}::text[])`;
  if (operator === "$eq") return sql<SqlBool>`${field} is not distinct from ${jsonbOf(operand)}`;
  if (operator === "$ne") return sql<SqlBool>`${field} is distinct from ${jsonbOf(operand)}`;
  const isIn = sql`exists (select 1 from jsonb_array_elements(${jsonbOf(operand)}) as one (wanted)
    where wanted = ${field})`;
  if (operator === "$in") return sql<SqlBool>`${isIn}`;
  if (operator === "$nin") return sql<SqlBool>`not ${isIn}`;
  const compares = ORDERING[operator];
  const type = typeof operand;
  const comparison =
    type === "number"
      ? sql`${field} ${compares} ${jsonbOf(operand)}`
      : sql`(${field} #>> '{}') collate "C" ${compares} ${operand}::text collate "C"`;
  // A case, since the parts of an \`and\` are evaluated in any order.
  return sql<SqlBool>`case when jsonb_typeof(${field}) = ${type} then ${comparison} else false end`;
}
