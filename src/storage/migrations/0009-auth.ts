import { sql } from "kysely";
import type { Migration } from "./migration.ts";

/** Whose runs and crons these are. */
export const auth: Migration = {
  id: "0009-auth",
  statements: ({ db }) => [
    db.schema
      .alterTable("run")
      .addColumn("created_by", "text", (column) => column.notNull().defaultTo(sql.lit(""))),
    db.schema
      .createIndex("run_pending_of")
      .on("run")
      .columns(["created_by", "run_id"])
      .where(sql.ref("status"), "=", sql.lit("pending")),
    db.schema.alterTable("cron").addColumn("created_by", "text"),
  ],
};
