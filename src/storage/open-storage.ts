import { DRIVERS } from "./drivers/index.ts";
import type { PostgresOptions } from "./drivers/postgres-open.ts";
import type { SqliteOptions } from "./drivers/sqlite-open.ts";
import { KyselyStorage } from "./kysely-storage.ts";
import type { Storage } from "./ports.ts";

export type StorageOptions = SqliteOptions | PostgresOptions;

/**
 * Opens the storage of a data directory, one in memory, or one on a Postgres server. Rejects with
 * ConfigError, having changed nothing, when it cannot be opened or written, is in use, is damaged or
 * was written by a newer version.
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  return new KyselyStorage(
    "databaseUrl" in options ? await DRIVERS.postgres(options) : await DRIVERS.sqlite(options),
  );
}
