import type { Migration } from "./migration.ts";

export const apiKeys: Migration = {
  id: "0019-api-keys",
  statements: ({ db, types }) => [
    db.schema
      .createTable("api_key")
      .addColumn("key_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("name", "text", (column) => column.notNull().unique())
      .addColumn("hash", "text", (column) => column.notNull().unique())
      .addColumn("prefix", "text", (column) => column.notNull())
      .addColumn("last4", "text", (column) => column.notNull())
      .addColumn("owner", "text", (column) => column.notNull())
      .addColumn("is_admin", types.integer, (column) => column.notNull())
      .addColumn("limits", "text", (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addColumn("rotated_at", types.integer)
      .addColumn("revoked_at", types.integer)
      .addColumn("last_used_at", types.integer),
  ],
};
