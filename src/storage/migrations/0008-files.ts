import type { Migration } from "./migration.ts";

/** What models make. */
export const files: Migration = {
  id: "0008-files",
  statements: ({ db, types }) => [
    db.schema
      .createTable("file")
      .addColumn("file_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("content_type", "text", (column) => column.notNull())
      .addColumn("size", types.integer, (column) => column.notNull())
      .addColumn("metadata", "text", (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addColumn("bytes", types.blob, (column) => column.notNull()),
    db.schema.createIndex("file_created").on("file").columns(["created_at", "file_id"]),
  ],
};
