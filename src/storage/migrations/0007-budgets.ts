import type { Migration } from "./migration.ts";

/** What may be spent, what is spent, and what is held for calls under way. */
export const budgets: Migration = {
  id: "0007-budgets",
  statements: ({ db, types }) => [
    db.schema
      .createTable("budget")
      .addColumn("budget_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("scope", "text", (column) => column.notNull())
      .addColumn("subject", "text", (column) => column.notNull())
      .addColumn("per", "text", (column) => column.notNull())
      .addColumn("currency", "text", (column) => column.notNull())
      .addColumn("limit_micros", types.integer, (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addColumn("updated_at", types.integer, (column) => column.notNull()),
    db.schema
      .createIndex("budget_of")
      .unique()
      .on("budget")
      .columns(["scope", "subject", "per", "currency"]),
    db.schema
      .createTable("budget_spend")
      .addColumn("budget_id", "text", (column) => column.notNull())
      .addColumn("subject", "text", (column) => column.notNull())
      .addColumn("period", "text", (column) => column.notNull())
      .addColumn("spent_micros", types.integer, (column) => column.notNull())
      .addColumn("held_micros", types.integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("budget_spend_key", ["budget_id", "subject", "period"])
      .modifyEnd(types.clustered),
    db.schema
      .createTable("budget_hold")
      .addColumn("call_id", "text", (column) => column.notNull())
      .addColumn("budget_id", "text", (column) => column.notNull())
      .addColumn("subject", "text", (column) => column.notNull())
      .addColumn("period", "text", (column) => column.notNull())
      .addColumn("rate_millionths", types.integer, (column) => column.notNull())
      .addColumn("micros", types.integer, (column) => column.notNull())
      .addColumn("holder", "text", (column) => column.notNull())
      .addColumn("expires_at", types.integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("budget_hold_key", ["call_id", "budget_id"])
      .modifyEnd(types.clustered),
    db.schema.createIndex("budget_hold_expiry").on("budget_hold").column("expires_at"),
    db.schema.createIndex("budget_hold_holder").on("budget_hold").column("holder"),
  ],
};
