import { DRIVERS } from "./drivers/index.ts";
import type { SqliteOptions } from "./drivers/sqlite-open.ts";
import { KyselyStorage } from "./kysely-storage.ts";
import type { Storage } from "./ports.ts";

export type StorageOptions = SqliteOptions;

/**
 * Opens the storage of a data directory, or one in memory. Rejects with ConfigError, having changed
 * nothing, when it cannot be written, is in use, is damaged or was written by a newer version.
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  return new KyselyStorage(DRIVERS.sqlite(options));
}
