import { sql } from "kysely";
import { first, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { Schema } from "../schema.ts";

/** Checkpoints come first: the parts they need were stored with them, or before. */
const STATE: readonly [table: keyof Schema, columns: readonly string[]][] = [
  [
    "checkpoint",
    [
      "checkpoint_ns",
      "checkpoint_id",
      "parent_id",
      "run_id",
      "epoch",
      "owner",
      "metadata_json",
      "versions",
      "metadata_type",
      "metadata",
      "checkpoint_type",
      "checkpoint",
      "channel_values",
    ],
  ],
  [
    "checkpoint_write",
    [
      "checkpoint_ns",
      "checkpoint_id",
      "task_id",
      "idx",
      "run_id",
      "position",
      "channel",
      "type",
      "value",
    ],
  ],
  ["checkpoint_part", ["part_id", "run_id", "type", "value"]],
  ["checkpoint_blob", ["checkpoint_ns", "version", "channel", "run_id", "type", "value"]],
];

/** Gives a thread all checkpoints of another, inside the database; false when there is no other. */
export function* copyState(
  { db, shareRows }: Dialect,
  { from, to }: { from: string; to: string },
): Commit<boolean> {
  const source = yield* first(
    db.selectFrom("thread").select("thread_id").where("thread_id", "=", from).modifyEnd(shareRows),
  );
  if (source === undefined) return false;
  for (const [table, names] of STATE) {
    const columns = sql.join(names.map((name) => sql.ref(name)));
    const copy = sql`insert into ${sql.table(table)} (thread_id, ${columns})
      select cast(${to} as text), ${columns} from ${sql.table(table)} where thread_id = ${from}`;
    yield* run({ compile: () => copy.compile(db) });
  }
  return true;
}
