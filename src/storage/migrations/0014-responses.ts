import type { Migration } from "./migration.ts";

/** Responses of OpenAI's Responses API. */
export const responses: Migration = {
  id: "0014-responses",
  statements: ({ db, types }) => [
    db.schema
      .createTable("response")
      .addColumn("response_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("source", "text", (column) => column.notNull())
      .addColumn("thread_id", "text")
      .addColumn("previous_id", "text")
      .addColumn("response", "text", (column) => column.notNull())
      .addColumn("input", "text", (column) => column.notNull())
      .addColumn("metadata", "text", (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull()),
    db.schema.createIndex("response_thread").on("response").column("thread_id"),
  ],
};
