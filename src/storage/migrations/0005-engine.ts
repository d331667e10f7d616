import type { Migration } from "./migration.ts";

/** What is deleted already, but whose rows are yet to be cleared away. */
export const engine: Migration = {
  id: "0005-engine",
  statements: ({ db, types }) => [
    db.schema
      .createTable("removed")
      .addColumn("thread_id", "text", (column) => column.notNull())
      .addColumn("run_id", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("removed_key", ["thread_id", "run_id"])
      .modifyEnd(types.clustered),
  ],
};
