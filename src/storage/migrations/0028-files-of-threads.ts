import type { Migration } from "./migration.ts";

/** Files that go with their thread, as long results of tools do. */
export const filesOfThreads: Migration = {
  id: "0028-files-of-threads",
  statements: ({ db }) => [
    db.schema.alterTable("file").addColumn("thread_id", "text"),
    db.schema.createIndex("file_thread").on("file").columns(["thread_id", "file_id"]),
  ],
};
