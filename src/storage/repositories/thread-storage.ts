import { sql } from "kysely";
import type { ThreadStorage } from "../../domain/thread.ts";
import { first, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { Schema } from "../schema.ts";

interface Section {
  table: keyof Schema;
  columns: readonly string[];
}

const SECTIONS: Record<keyof ThreadStorage, readonly Section[]> = {
  thread: [{ table: "thread", columns: ["metadata", "config", "interrupts", "error"] }],
  runs: [{ table: "run", columns: ["metadata", "kwargs", "error"] }],
  events: [{ table: "event", columns: ["payload"] }],
  checkpoints: [
    {
      table: "checkpoint",
      columns: ["metadata_json", "metadata", "checkpoint", "versions", "channel_values"],
    },
  ],
  values: [
    { table: "checkpoint_part", columns: ["value"] },
    { table: "checkpoint_blob", columns: ["value"] },
  ],
  writes: [{ table: "checkpoint_write", columns: ["value"] }],
};

/** Adds up the bytes of a thread's documents and values; keys and indexes are not counted. */
export function threadStorage({
  db,
}: Dialect): (threadId: string) => Commit<ThreadStorage | undefined> {
  function* bytesOf({ table, columns }: Section, threadId: string): Commit<number> {
    const sizes = columns.map((column) => sql`coalesce(octet_length(${sql.ref(column)}), 0)`);
    const ofThread =
      table === "event"
        ? sql`run_id in (select run_id from run where thread_id = ${threadId})`
        : sql`thread_id = ${threadId}`;
    const total = sql<{ bytes: number | null }>`
      select sum(${sql.join(sizes, sql` + `)}) as bytes from ${sql.table(table)} where ${ofThread}`;
    const row = yield* first({ compile: () => total.compile(db) });
    return row?.bytes ?? 0;
  }
  return function* (threadId) {
    const found = yield* first(
      db.selectFrom("thread").select("thread_id").where("thread_id", "=", threadId),
    );
    if (found === undefined) return undefined;
    const storage = { thread: 0, runs: 0, events: 0, checkpoints: 0, values: 0, writes: 0 };
    for (const name of ["thread", "runs", "events", "checkpoints", "values", "writes"] as const) {
      for (const section of SECTIONS[name]) storage[name] += yield* bytesOf(section, threadId);
    }
    return storage;
  };
}
