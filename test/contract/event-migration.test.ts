import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import type { RunEvent } from "../../src/domain/event.ts";
import type { Dialect } from "../../src/storage/driver.ts";
import { postgresDialect } from "../../src/storage/drivers/postgres-dialect.ts";
import { sqliteDialect } from "../../src/storage/drivers/sqlite-dialect.ts";
import { pendingMigrations } from "../../src/storage/migrate.ts";
import { MIGRATIONS } from "../../src/storage/migrations/index.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { describeWithPostgres, freshDatabase, onPostgres } from "../support/postgres.ts";
import { text } from "./samples.ts";

const SINCE = "0031-event-rows";

const head: RunEvent = { kind: "message", ns: [], m: 1, message: {}, metadata: {}, seq: 1 };
const said = `it's \\ "你好" \u0000`;
const failed: RunEvent = { kind: "error", error: "Broken", message: said, seq: 4 };

/** The record of a run as it was kept before. */
const KEPT: [seq: number, first: number, kind: string, payload: unknown][] = [
  [1, 1, "message", { ns: [], m: 1, message: {}, metadata: {} }],
  [3, 2, "text", [1, "a", said]],
  [4, 4, "error", { error: "Broken", message: said }],
  [5, 5, "end", { status: "error" }],
];

const quoted = (value: string) => `'${value.replaceAll("'", "''")}'`;

/** Statements that make a database of the version before, with a run's record in it. */
function before(dialect: Dialect): string[] {
  const later = MIGRATIONS.slice(MIGRATIONS.findIndex(({ id }) => id === SINCE));
  const ids = later.map(({ id }) => id);
  return [
    ...pendingMigrations(dialect, ids).flat(),
    ...KEPT.map(
      ([seq, first, kind, payload]) =>
        `insert into event (run_id, seq, first_seq, kind, payload)
         values ('r', ${seq}, ${first}, '${kind}', ${quoted(JSON.stringify(payload))})`,
    ),
  ];
}

async function expectWhole(storage: Storage): Promise<void> {
  expect(await storage.events.read("r", 0, 10)).toEqual([
    head,
    text(2, "a"),
    text(3, said),
    failed,
    { kind: "end", status: "error", seq: 5 },
  ]);
  expect((await storage.events.lag("r", 3, { events: 9 })).events).toBe(2);
  expect(await storage.pruning.trimEvents("r", { keep: 1, limit: 9 })).toBe(2);
  expect(await storage.events.read("r", 0, 1)).toEqual([head]);
}

it("keeps the records of runs of an earlier version, on SQLite", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "kagari-events-"));
  try {
    const database = new DatabaseSync(join(dataDir, "kagari.db"));
    for (const statement of before(sqliteDialect)) database.exec(statement);
    database.close();
    const storage = await openStorage({ dataDir });
    await expectWhole(storage);
    await storage.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

describeWithPostgres("the migration of events", () => {
  it("keeps the records of runs of an earlier version", async () => {
    await using database = await freshDatabase();
    await onPostgres(database.url, ...before(postgresDialect));
    const storage = await openStorage({ databaseUrl: database.url });
    await expectWhole(storage);
    await storage.close();
  });
});
