import type { Driver } from "../driver.ts";
import { openSqlite, type SqliteOptions } from "./sqlite-open.ts";

/** Every database by the name of its driver. */
export const DRIVERS = {
  sqlite: (options: SqliteOptions): Driver => openSqlite(options),
} as const;
