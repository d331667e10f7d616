import type { Driver } from "../driver.ts";
import { openSqlite, type SqliteOptions } from "./sqlite-open.ts";
import type { PostgresOptions } from "./postgres-open.ts";

/** Every database by the name of its driver. */
export const DRIVERS = {
  sqlite: async (options: SqliteOptions): Promise<Driver> => openSqlite(options),
  // pg is loaded only where it is used.
  postgres: async (options: PostgresOptions): Promise<Driver> =>
    (await import("./postgres-open.ts")).openPostgres(options),
} as const;
