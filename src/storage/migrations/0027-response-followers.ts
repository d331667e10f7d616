import type { Migration } from "./migration.ts";

export const responseFollowers: Migration = {
  id: "0027-response-followers",
  statements: ({ db }) => [
    db.schema.createIndex("response_previous").on("response").column("previous_id"),
  ],
};
