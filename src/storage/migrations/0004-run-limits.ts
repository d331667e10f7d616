import { sql } from "kysely";
import type { Migration } from "./migration.ts";

/** How long a run was executed, and what it came to. */
export const runLimits: Migration = {
  id: "0004-run-limits",
  statements: ({ db, types }) => [
    db.schema.alterTable("run").addColumn("claimed_at", types.integer),
    db.schema
      .alterTable("run")
      .addColumn("spent_ms", types.integer, (column) => column.notNull().defaultTo(sql.lit(0))),
    db.schema.alterTable("run").addColumn("end_checkpoint_id", "text"),
    db.schema.alterTable("run").addColumn("end_interrupts", "text"),
  ],
};
