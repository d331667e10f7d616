import { ConfigError } from "../core/errors.ts";
import type { Dialect } from "./driver.ts";
import { MIGRATIONS } from "./migrations/index.ts";

/** The table of the migrations a database has had. */
export const MIGRATION_TABLE = "kagari_migration";

/** Refuses a database that a newer Kagari wrote; `ids` are the migrations it has had. */
export function refuseNewer(ids: readonly string[], database: string): void {
  const known = new Set(MIGRATIONS.map(({ id }) => id));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  throw new ConfigError(
    `${database} was written by a newer version of Kagari (unknown migrations: ${unknown.join(", ")}); ` +
      "install that version, or use another data directory",
  );
}

/** The statements of each migration a database still needs; they bind nothing. */
export function pendingMigrations(dialect: Dialect, ids: readonly string[]): string[][] {
  const done = new Set(ids);
  return MIGRATIONS.filter(({ id }) => !done.has(id)).map(({ id, statements }) => [
    `create table if not exists ${MIGRATION_TABLE} (id text primary key not null)`,
    ...statements(dialect).map((statement) => statement.compile().sql),
    `insert into ${MIGRATION_TABLE} (id) values ('${id}')`,
  ]);
}
