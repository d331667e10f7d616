import type { Migration } from "./migration.ts";

/** How models count tokens, as far as their reports told. */
export const tokenFactors: Migration = {
  id: "0016-token-factors",
  statements: ({ db, types }) => [
    db.schema
      .createTable("token_factor")
      .addColumn("model", "text", (column) => column.primaryKey().notNull())
      .addColumn("factor_millionths", types.integer, (column) => column.notNull()),
  ],
};
