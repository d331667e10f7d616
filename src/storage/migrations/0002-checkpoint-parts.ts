import { sql } from "kysely";
import type { Migration } from "./migration.ts";

const WRITE_COLUMNS = sql.raw(
  "thread_id, checkpoint_ns, checkpoint_id, task_id, idx, run_id, channel, type, value",
);

/** Parts that values share, and writes without a row number of their own. */
export const checkpointParts: Migration = {
  id: "0002-checkpoint-parts",
  statements: ({ db, types }) => [
    db.schema
      .createTable("checkpoint_part")
      .addColumn("thread_id", "text", (column) => column.notNull())
      .addColumn("part_id", "text", (column) => column.notNull())
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("type", "text", (column) => column.notNull())
      .addColumn("value", types.blob, (column) => column.notNull())
      .addPrimaryKeyConstraint("checkpoint_part_key", ["thread_id", "part_id"]),
    db.schema
      .alterTable("checkpoint")
      .addColumn("channel_values", "text", (column) => column.notNull().defaultTo(sql.lit("{}"))),
    db.schema
      .createTable("checkpoint_write_0002")
      .addColumn("thread_id", "text", (column) => column.notNull())
      .addColumn("checkpoint_ns", "text", (column) => column.notNull())
      .addColumn("checkpoint_id", "text", (column) => column.notNull())
      .addColumn("task_id", "text", (column) => column.notNull())
      .addColumn("idx", types.integer, (column) => column.notNull())
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("position", types.integer, (column) => column.notNull())
      .addColumn("channel", "text", (column) => column.notNull())
      .addColumn("type", "text", (column) => column.notNull())
      .addColumn("value", types.blob, (column) => column.notNull())
      .addPrimaryKeyConstraint("checkpoint_write_place", [
        "thread_id",
        "checkpoint_ns",
        "checkpoint_id",
        "task_id",
        "idx",
        "run_id",
      ])
      .modifyEnd(types.clustered),
    {
      compile: () =>
        sql`insert into checkpoint_write_0002 (${WRITE_COLUMNS}, position)
          select ${WRITE_COLUMNS}, id from checkpoint_write`.compile(db),
    },
    db.schema.dropTable("checkpoint_write"),
    db.schema.alterTable("checkpoint_write_0002").renameTo("checkpoint_write"),
  ],
};
