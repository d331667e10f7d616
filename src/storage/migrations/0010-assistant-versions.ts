import { sql } from "kysely";
import type { Migration } from "./migration.ts";

/** What an assistant was in each of its versions, and its indexes. */
export const assistantVersions: Migration = {
  id: "0010-assistant-versions",
  statements: ({ db, types }) => [
    db.schema
      .createTable("assistant_version")
      .addColumn("assistant_id", "text", (column) => column.notNull())
      .addColumn("version", types.integer, (column) => column.notNull())
      .addColumn("graph_id", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("description", "text")
      .addColumn("config", "text", (column) => column.notNull())
      .addColumn("context", "text", (column) => column.notNull())
      .addColumn("metadata", "text", (column) => column.notNull())
      .addColumn("created_at", types.integer, (column) => column.notNull())
      .addPrimaryKeyConstraint("assistant_version_key", ["assistant_id", "version"]),
    {
      compile: () =>
        sql`insert into assistant_version
          select assistant_id, version, graph_id, name, description, config, context, metadata,
            updated_at from assistant`.compile(db),
    },
    db.schema
      .createIndex("assistant_created")
      .on("assistant")
      .columns(["created_at", "assistant_id"]),
    db.schema
      .createIndex("assistant_graph")
      .on("assistant")
      .columns(["graph_id", "created_at", "assistant_id"]),
  ],
};
