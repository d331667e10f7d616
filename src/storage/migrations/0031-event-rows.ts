import { sql } from "kysely";
import type { Migration } from "./migration.ts";

/** The events of one flush share a row. */
export const eventRows: Migration = {
  id: "0031-event-rows",
  statements: ({ db, types, bytesOf }) => {
    // Text rows held a list already; others their kind in a column of its own.
    const json = sql`case kind when 'text' then '[' || payload || ']'
      else '[{"kind":"' || kind || '",' || substr(payload, 2) || ']' end`;
    return [
      db.schema
        .createTable("event_0031")
        .addColumn("run_id", "text", (column) => column.notNull())
        .addColumn("seq", types.integer, (column) => column.notNull())
        .addColumn("first_seq", types.integer, (column) => column.notNull())
        .addColumn("is_head", types.integer, (column) => column.notNull())
        .addColumn("size", types.integer, (column) => column.notNull())
        .addColumn("payload", types.blob, (column) => column.notNull())
        .addPrimaryKeyConstraint("event_place", ["run_id", "seq"])
        .modifyEnd(types.clustered),
      {
        compile: () =>
          sql`insert into event_0031 (run_id, seq, first_seq, is_head, size, payload)
            select run_id, seq, first_seq, case kind when 'message' then 1 else 0 end,
              octet_length(payload), ${bytesOf(json)} from event`.compile(db),
      },
      db.schema.dropTable("event"),
      db.schema.alterTable("event_0031").renameTo("event"),
    ];
  },
};
