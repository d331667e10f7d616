import { sql } from "kysely";
import type { Migration } from "./migration.ts";

export const init: Migration = {
  id: "0001-init",
  statements: ({ db, types }) => [
    db.schema
      .createTable("assistant")
      .addColumn("assistant_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("graph_id", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("description", "text")
      .addColumn("config", "text", (column) => column.notNull())
      .addColumn("context", "text", (column) => column.notNull())
      .addColumn("metadata", "text", (column) => column.notNull())
      .addColumn("version", types.integer, (column) => column.notNull())
      .addColumn("is_system", types.integer, (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addColumn("updated_at", types.integer, (column) => column.notNull()),
    db.schema
      .createTable("thread")
      .addColumn("thread_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("rest_status", "text", (column) => column.notNull())
      .addColumn("metadata", "text", (column) => column.notNull())
      .addColumn("config", "text", (column) => column.notNull())
      .addColumn("interrupts", "text", (column) => column.notNull())
      .addColumn("error", "text")
      .addColumn("is_temporary", types.integer, (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addColumn("updated_at", types.integer, (column) => column.notNull())
      .addColumn("state_updated_at", types.integer, (column) => column.notNull()),
    db.schema
      .createIndex("thread_created")
      .on("thread")
      .columns(["created_at", "thread_id"])
      .where(sql.ref("is_temporary"), "=", sql.lit(0)),
    db.schema
      .createIndex("thread_updated")
      .on("thread")
      .columns(["updated_at", "thread_id"])
      .where(sql.ref("is_temporary"), "=", sql.lit(0)),
    db.schema
      .createIndex("thread_temporary")
      .on("thread")
      .column("updated_at")
      .where(sql.ref("is_temporary"), "=", sql.lit(1)),
    db.schema
      .createTable("run")
      .addColumn("run_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("thread_id", "text", (column) => column.notNull())
      .addColumn("assistant_id", "text", (column) => column.notNull())
      .addColumn("graph_id", "text", (column) => column.notNull())
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("metadata", "text", (column) => column.notNull())
      .addColumn("multitask_strategy", "text", (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addColumn("updated_at", types.integer, (column) => column.notNull())
      .addColumn("epoch", types.integer, (column) => column.notNull())
      .addColumn("crashes", types.integer, (column) => column.notNull())
      .addColumn("cancel", "text")
      .addColumn("error", "text")
      .addColumn("owner", "text")
      .addColumn("lease_until", types.integer)
      .addColumn("kwargs", "text", (column) => column.notNull()),
    db.schema
      .createIndex("run_one_running_per_thread")
      .unique()
      .on("run")
      .column("thread_id")
      .where(sql.ref("status"), "=", sql.lit("running")),
    db.schema
      .createIndex("run_pending")
      .on("run")
      .columns(["created_at", "run_id"])
      .where(sql.ref("status"), "=", sql.lit("pending")),
    db.schema
      .createIndex("run_active")
      .on("run")
      .column("thread_id")
      .where(sql.ref("status"), "in", sql`('pending', 'running')`),
    db.schema.createIndex("run_thread").on("run").columns(["thread_id", "created_at", "run_id"]),
    db.schema
      .createTable("event")
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("seq", types.integer, (column) => column.notNull())
      .addColumn("first_seq", types.integer, (column) => column.notNull())
      .addColumn("kind", "text", (column) => column.notNull())
      .addColumn("payload", "text", (column) => column.notNull())
      .addPrimaryKeyConstraint("event_key", ["run_id", "seq"])
      .modifyEnd(types.clustered),
    db.schema
      .createTable("checkpoint")
      .addColumn("thread_id", "text", (column) => column.notNull())
      .addColumn("checkpoint_ns", "text", (column) => column.notNull())
      .addColumn("checkpoint_id", "text", (column) => column.notNull())
      .addColumn("parent_id", "text")
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("epoch", types.integer, (column) => column.notNull())
      .addColumn("owner", "text", (column) => column.notNull())
      .addColumn("metadata_json", "text", (column) => column.notNull())
      .addColumn("versions", "text", (column) => column.notNull())
      .addColumn("metadata_type", "text", (column) => column.notNull())
      .addColumn("metadata", types.blob, (column) => column.notNull())
      .addColumn("checkpoint_type", "text", (column) => column.notNull())
      .addColumn("checkpoint", types.blob, (column) => column.notNull())
      .addPrimaryKeyConstraint("checkpoint_key", ["thread_id", "checkpoint_ns", "checkpoint_id"]),
    db.schema
      .createTable("checkpoint_blob")
      .addColumn("thread_id", "text", (column) => column.notNull())
      .addColumn("checkpoint_ns", "text", (column) => column.notNull())
      .addColumn("version", "text", (column) => column.notNull())
      .addColumn("channel", "text", (column) => column.notNull())
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("type", "text", (column) => column.notNull())
      .addColumn("value", types.blob, (column) => column.notNull())
      .addPrimaryKeyConstraint("checkpoint_blob_key", [
        "thread_id",
        "checkpoint_ns",
        "version",
        "channel",
      ]),
    db.schema
      .createTable("checkpoint_write")
      .addColumn("id", types.rowNumber)
      .addColumn("thread_id", "text", (column) => column.notNull())
      .addColumn("checkpoint_ns", "text", (column) => column.notNull())
      .addColumn("checkpoint_id", "text", (column) => column.notNull())
      .addColumn("task_id", "text", (column) => column.notNull())
      .addColumn("idx", types.integer, (column) => column.notNull())
      .addColumn("run_id", "text", (column) => column.notNull())
      .addColumn("channel", "text", (column) => column.notNull())
      .addColumn("type", "text", (column) => column.notNull())
      .addColumn("value", types.blob, (column) => column.notNull()),
    db.schema
      .createIndex("checkpoint_write_key")
      .unique()
      .on("checkpoint_write")
      .columns(["thread_id", "checkpoint_ns", "checkpoint_id", "task_id", "idx", "run_id"]),
    db.schema
      .createTable("model_call")
      .addColumn("call_id", "text", (column) => column.primaryKey().notNull())
      .addColumn("model_id", "text", (column) => column.notNull())
      .addColumn("run_id", "text")
      .addColumn("thread_id", "text")
      .addColumn("assistant_id", "text")
      .addColumn("prompt_tokens", types.integer, (column) => column.notNull())
      .addColumn("completion_tokens", types.integer, (column) => column.notNull())
      .addColumn("cached_tokens", types.integer, (column) => column.notNull())
      .addColumn("reasoning_tokens", types.integer, (column) => column.notNull())
      .addColumn("estimated", types.integer, (column) => column.notNull())
      .addColumn("usage", "text")
      .addColumn("status", "text", (column) => column.notNull())
      .addColumn("started_at", types.integer, (column) => column.notNull())
      .addColumn("duration_ms", types.integer, (column) => column.notNull()),
    db.schema.createIndex("model_call_run").on("model_call").columns(["run_id", "started_at"]),
  ],
};
