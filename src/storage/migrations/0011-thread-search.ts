import { sql } from "kysely";
import type { Migration } from "./migration.ts";

/** Indexes for the orders that threads are searched in. */
export const threadSearch: Migration = {
  id: "0011-thread-search",
  statements: ({ db }) =>
    (["state_updated_at", "status"] as const).map((column) =>
      db.schema
        .createIndex(`thread_by_${column}`)
        .on("thread")
        .columns([column, "thread_id"])
        .where(sql.ref("is_temporary"), "=", sql.lit(0)),
    ),
};
