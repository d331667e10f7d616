import { sql } from "kysely";
import type { Migration } from "./migration.ts";

/** Calls of models that are made in the background, and the news of their end. */
export const tasks: Migration = {
  id: "0018-tasks",
  statements: ({ db, types }) => [
    db.schema
      .createTable("task")
      .addColumn("task_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("model", "text", (column) => column.notNull())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("input", "text", (column) => column.notNull())
      .addColumn("result", "text")
      .addColumn("error", "text")
      .addColumn("metadata", "text", (column) => column.notNull())
      .addColumn("webhook", "text")
      .addColumn("created_by", "text")
      .addColumn("provider_task_id", "text")
      .addColumn("cancel_requested", types.integer, (column) => column.notNull())
      .addColumn("is_asking", types.integer, (column) => column.notNull())
      .addColumn("resubmitted", types.integer, (column) => column.notNull())
      .addColumn("attempts", types.integer, (column) => column.notNull())
      .addColumn("epoch", types.integer, (column) => column.notNull())
      .addColumn("lease_until", types.integer, (column) => column.notNull())
      .addColumn("next_at", types.integer, (column) => column.notNull())
      .addColumn("deadline_at", types.integer)
      .addColumn("asked_at", types.integer)
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addColumn("updated_at", types.integer, (column) => column.notNull()),
    db.schema
      .createIndex("task_due")
      .on("task")
      .columns(["next_at", "task_id"])
      .where(sql`status in ('pending', 'running')` as never),
    db.schema.createIndex("task_created").on("task").columns(["created_at", "task_id"]),
    db.schema.alterTable("webhook_delivery").addColumn("task_id", "text"),
  ],
};
