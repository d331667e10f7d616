import type { Migration } from "./migration.ts";

/** What users say of runs. */
export const feedback: Migration = {
  id: "0026-feedback",
  statements: ({ db, types }) => [
    db.schema
      .createTable("feedback")
      .addColumn("feedback_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("thread_id", "text")
      .addColumn("key", "text", (column) => column.notNull())
      .addColumn("score", "double precision")
      .addColumn("value", "text", (column) => column.notNull())
      .addColumn("comment", "text")
      .addColumn("correction", "text", (column) => column.notNull())
      .addColumn("metadata", "text", (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addColumn("updated_at", types.integer, (column) => column.notNull()),
    db.schema.createIndex("feedback_run").on("feedback").column("run_id"),
    db.schema.createIndex("feedback_thread").on("feedback").column("thread_id"),
    db.schema.createIndex("feedback_created").on("feedback").columns(["created_at", "feedback_id"]),
  ],
};
