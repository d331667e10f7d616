import { sql } from "kysely";
import type { Dialect } from "../driver.ts";
import type { Migration } from "./migration.ts";

const cronTable = ({ db, types }: Dialect) => [
  db.schema
    .createTable("cron")
    .addColumn("cron_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("assistant_id", "text", (column) => column.notNull())
    .addColumn("thread_id", "text")
    .addColumn("schedule", "text", (column) => column.notNull())
    .addColumn("timezone", "text")
    .addColumn("end_time", types.integer)
    .addColumn("enabled", types.integer, (column) => column.notNull())
    .addColumn("on_run_completed", "text", (column) => column.notNull())
    .addColumn("payload", "text", (column) => column.notNull())
    .addColumn("metadata", "text", (column) => column.notNull())
    .addColumn("next_run_at", types.integer)
    .addColumn("created_at", types.integer, (column) => column.notNull())
    .addColumn("updated_at", types.integer, (column) => column.notNull()),
  db.schema
    .createIndex("cron_due")
    .on("cron")
    .columns(["next_run_at", "cron_id"])
    .where(sql.ref("enabled"), "=", sql.lit(1)),
  db.schema.createIndex("cron_thread").on("cron").column("thread_id"),
];

const deliveryTable = ({ db, types }: Dialect) => [
  db.schema
    .createTable("webhook_delivery")
    .addColumn("delivery_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("run_id", "text", (column) => column.notNull())
    .addColumn("thread_id", "text", (column) => column.notNull())
    .addColumn("checkpoint_id", "text")
    .addColumn("url", "text", (column) => column.notNull())
    .addColumn("run", "text", (column) => column.notNull())
    .addColumn("body", "text")
    .addColumn("status", "text", (column) => column.notNull())
    .addColumn("attempts", types.integer, (column) => column.notNull())
    .addColumn("next_attempt_at", types.integer, (column) => column.notNull())
    .addColumn("last_status", types.integer)
    .addColumn("last_error", "text")
    .addColumn("created_at", types.integer, (column) => column.notNull())
    .addColumn("updated_at", types.integer, (column) => column.notNull()),
  db.schema
    .createIndex("webhook_due")
    .on("webhook_delivery")
    .columns(["next_attempt_at", "delivery_id"])
    .where(sql.ref("status"), "=", sql.lit("pending")),
  db.schema
    .createIndex("webhook_status")
    .on("webhook_delivery")
    .columns(["status", "updated_at", "delivery_id"]),
];

export const background: Migration = {
  id: "0003-background",
  statements: (dialect) => {
    const { db, types } = dialect;
    return [
      ...cronTable(dialect),
      ...deliveryTable(dialect),
      db.schema
        .createTable("idempotency_key")
        .addColumn("actor", "text", (column) => column.notNull())
        .addColumn("key", "text", (column) => column.notNull())
        .addColumn("fingerprint", "text", (column) => column.notNull())
        .addColumn("resource_id", "text", (column) => column.notNull())
        .addColumn("is_done", types.integer, (column) => column.notNull())
        .addColumn("reserved_until", types.integer, (column) => column.notNull())
        .addColumn("expires_at", types.integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("idempotency_key_key", ["actor", "key"]),
      db.schema.createIndex("idempotency_expiry").on("idempotency_key").column("expires_at"),
      db.schema.alterTable("thread").addColumn("ttl_ms", types.integer),
      db.schema.alterTable("thread").addColumn("ttl_strategy", "text"),
      db.schema.alterTable("thread").addColumn("pruned_at", types.integer),
      db.schema
        .createIndex("thread_ttl")
        .on("thread")
        .column("updated_at")
        .where("ttl_ms" as never, "is not", sql.lit(null)),
      db.schema.alterTable("run").addColumn("webhook", "text"),
      db.schema
        .alterTable("run")
        .addColumn("events_dropped", types.integer, (column) =>
          column.notNull().defaultTo(sql.lit(0)),
        ),
      db.schema
        .createIndex("run_with_events")
        .on("run")
        .columns(["updated_at", "run_id"])
        .where(sql`events_dropped = 0 and status not in ('pending', 'running')` as never),
    ];
  },
};
