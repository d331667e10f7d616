import { sql, type RawBuilder } from "kysely";
import type { ModelCall } from "../../domain/usage.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { SumColumns } from "../usage-schema.ts";
import { dayKey, runKey, SUM_COLUMNS, summed, threadKey } from "./usage-rows.ts";

interface SumTable<Key> {
  table: "usage_day" | "usage_thread" | "usage_run";
  keyOf: (call: ModelCall) => Key;
}

/** Adds sums to the row of their key. */
export function rowAdder<Key extends object>(
  { db }: Dialect,
  table: SumTable<Key>["table"],
): (row: Key & SumColumns) => Commit<unknown> {
  const target = sql.table(table);
  return hot((row: Key & SumColumns) => {
    const columns = Object.keys(row);
    const keys = columns.filter((name) => !(SUM_COLUMNS as readonly string[]).includes(name));
    const added = SUM_COLUMNS.map(
      (name) => sql`${sql.ref(name)} = ${sql.ref(`${table}.${name}`)} + ${excluded(name)}`,
    );
    const insert = sql`insert into ${target} (${names(columns)})
      values (${sql.join(Object.values(row))})
      on conflict (${names(keys)}) do update set ${sql.join(added)}`;
    return { compile: () => insert.compile(db) };
  });
}

/** Adds what calls used to the rows of their keys. */
function adder<Key extends object>(
  dialect: Dialect,
  { table, keyOf }: SumTable<Key>,
): (calls: readonly ModelCall[]) => Commit<void> {
  const add = rowAdder<Key>(dialect, table);
  return function* (calls) {
    for (const row of summed(calls, keyOf)) yield* add(row);
  };
}

const names = (list: readonly string[]) => sql.join(list.map((name) => sql.ref(name)));
const excluded = (name: string): RawBuilder<unknown> => sql`excluded.${sql.ref(name)}`;

/** Adds calls to all sums that they belong to. */
export function sumsAdder(dialect: Dialect): (calls: readonly ModelCall[]) => Commit<void> {
  const toDays = adder(dialect, { table: "usage_day", keyOf: dayKey });
  const toThreads = adder(dialect, { table: "usage_thread", keyOf: threadKey });
  const toRuns = adder(dialect, { table: "usage_run", keyOf: runKey });
  return function* (calls) {
    yield* toDays(calls);
    yield* toThreads(calls);
    yield* toRuns(calls.filter(({ run_id }) => run_id !== null));
  };
}
