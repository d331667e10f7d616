import { sql } from "kysely";
import type { Migration } from "./migration.ts";

/** Finds what was spent by single runs, to delete it once they are long over. */
export const runSpends: Migration = {
  id: "0025-run-spends",
  statements: ({ db }) => [
    db.schema
      .createIndex("budget_spend_run")
      .on("budget_spend")
      .column("period")
      .where(sql`period like 'run %'` as never),
  ],
};
