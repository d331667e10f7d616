import { sql, type Compilable } from "kysely";
import type { Dialect } from "../driver.ts";
import type { Migration } from "./migration.ts";

const SUMS = [
  "calls",
  "estimated_calls",
  "failed_calls",
  "unpriced_calls",
  "prompt_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "completion_tokens",
  "reasoning_tokens",
  "units",
  "cost_micros",
] as const;

interface SumTable {
  table: string;
  key: readonly string[];
  /** The key of the calls that are there already. */
  keyOfCall: string;
  where?: string;
}

const TABLES: readonly SumTable[] = [
  {
    table: "usage_day",
    key: ["owner", "day", "model_id", "assistant_id", "key_id", "kind", "currency"],
    keyOfCall:
      "owner, started_at / 86400000, model_id, coalesce(assistant_id, ''), key_id, kind, currency",
  },
  {
    table: "usage_thread",
    key: ["thread_id", "day", "model_id", "assistant_id", "owner", "currency"],
    keyOfCall:
      "coalesce(thread_id, ''), started_at / 86400000, model_id, coalesce(assistant_id, ''), owner, currency",
  },
  {
    table: "usage_run",
    key: ["run_id", "currency"],
    keyOfCall: "run_id, currency",
    where: "where run_id is not null",
  },
];

const SUM_OF_CALLS = `count(*), sum(estimated), sum(case when status = 'success' then 0 else 1 end),
  count(*), sum(prompt_tokens), sum(cached_tokens), sum(cache_write_tokens), sum(completion_tokens),
  sum(reasoning_tokens), sum(units), 0`;

function sumTable({ db, types }: Dialect, { table, key }: SumTable): Compilable {
  const keyed = key.reduce(
    (builder, name) =>
      builder.addColumn(name, name === "day" ? types.integer : "text", (column) =>
        column.notNull(),
      ),
    db.schema.createTable(table),
  );
  return SUMS.reduce(
    (builder, name) => builder.addColumn(name, types.integer, (column) => column.notNull()),
    keyed,
  )
    .addPrimaryKeyConstraint(`${table}_key`, columns(key))
    .modifyEnd(types.clustered);
}

// Kysely's builder has lost track of the columns by then.
const columns = (names: readonly string[]) => [...names] as never[];

/** Calls from before had no price, but their tokens count. */
function fill({ db }: Dialect, { table, key, keyOfCall, where = "" }: SumTable): Compilable {
  const statement = sql.raw(
    `insert into ${table} (${[...key, ...SUMS].join(", ")})
      select ${keyOfCall}, ${SUM_OF_CALLS} from model_call ${where} group by ${keyOfCall}`,
  );
  return { compile: () => statement.compile(db) };
}

/** What calls cost, for whom they were made, and their sums by day, thread and run. */
export const usage: Migration = {
  id: "0006-usage",
  statements: (dialect) => {
    const { db, types } = dialect;
    const call = () => db.schema.alterTable("model_call");
    const texts = { kind: "chat", owner: "", key_id: "", currency: "" };
    const counts = { cache_write_tokens: 0, units: 1 };
    return [
      call().addColumn("answered_by", "text"),
      call().addColumn("cost_micros", types.integer),
      ...Object.entries(texts).map(([name, value]) =>
        call().addColumn(name, "text", (column) => column.notNull().defaultTo(sql.lit(value))),
      ),
      ...Object.entries(counts).map(([name, value]) =>
        call().addColumn(name, types.integer, (column) =>
          column.notNull().defaultTo(sql.lit(value)),
        ),
      ),
      db.schema
        .createIndex("model_call_started")
        .on("model_call")
        .columns(["started_at", "call_id"]),
      ...TABLES.map((table) => sumTable(dialect, table)),
      db.schema.createIndex("usage_day_day").on("usage_day").column("day"),
      db.schema.createIndex("usage_thread_day").on("usage_thread").column("day"),
      db.schema.createIndex("usage_thread_owner").on("usage_thread").columns(["owner", "day"]),
      ...TABLES.map((table) => fill(dialect, table)),
    ];
  },
};
