import type { Migration } from "./migration.ts";

/** Which model a task is asked of instead of its own, and what became of those before. */
export const taskFallbacks: Migration = {
  id: "0024-task-fallbacks",
  statements: ({ db }) => [db.schema.alterTable("task").addColumn("fallback", "text")],
};
