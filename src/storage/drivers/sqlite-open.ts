import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ConfigError, reasonOf } from "../../core/errors.ts";
import { MIGRATION_TABLE, pendingMigrations, refuseNewer } from "../migrate.ts";
import { registerFunctions, sqliteDialect } from "./sqlite-dialect.ts";
import { SQLITE, sqliteKind } from "./sqlite-errors.ts";
import { SqliteDriver } from "./sqlite.ts";
import { WalSync } from "./wal-sync.ts";

export interface SqliteOptions {
  /** A folder, made if missing, or `:memory:`. */
  dataDir: string;
  /** `full` survives a power cut, `normal` may lose the last commits to one. */
  synchronous?: "full" | "normal";
}

/** Makes the data directory and sees that it can be written. */
function prepareDirectory(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    accessSync(dataDir, constants.W_OK);
  } catch (cause) {
    throw new ConfigError(`The data directory ${dataDir} cannot be written: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

/** Owns the data directory until the answer is called, or the process ends in whatever way. */
export function lockDirectory(dataDir: string): () => void {
  const path = join(dataDir, "kagari.lock");
  try {
    const lock = new DatabaseSync(path, { timeout: 0 });
    try {
      lock.exec("pragma locking_mode = exclusive; begin exclusive");
    } catch (error) {
      lock.close();
      throw error;
    }
    return () => lock.close();
  } catch (cause) {
    if (sqliteKind(cause) === SQLITE.busy) {
      throw new ConfigError(
        `The data directory ${dataDir} is in use by another Kagari process; ` +
          "stop it, or use DATABASE_URL for several processes on one database",
        { cause },
      );
    }
    throw new ConfigError(`${path} cannot be locked: ${reasonOf(cause)}`, { cause });
  }
}

/** A larger file is not read through at each start. */
const CHECKED_BYTES = 64 * 1024 * 1024;

const WAY_OUT =
  "restore a backup with `kagari restore <file> --force`, or move the file away to begin anew";

/** Refuses a file whose pages do not fit together. */
function refuseDamaged(database: DatabaseSync, path: string): void {
  if (path === ":memory:" || statSync(path).size > CHECKED_BYTES) return;
  let found: string;
  try {
    const row = database.prepare("pragma quick_check(1)").get();
    found = String(row?.["quick_check"]);
  } catch (error) {
    found = reasonOf(error);
  }
  if (found !== "ok") throw new ConfigError(`${path} is damaged (${found}); ${WAY_OUT}`);
}

/** The migrations a database has had, without changing it; refuses a file that is not ours. */
export function readMigrations(database: DatabaseSync, path: string): string[] {
  try {
    const tables = database.prepare("select name from sqlite_schema where type = 'table'").all();
    if (tables.length === 0) return [];
    if (!tables.some(({ name }) => name === MIGRATION_TABLE)) {
      throw new ConfigError(`${path} is a database of another program`);
    }
    return database
      .prepare(`select id from ${MIGRATION_TABLE}`)
      .all()
      .map(({ id }) => String(id));
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${path} cannot be read as a database: ${reasonOf(cause)}; ${WAY_OUT}`, {
      cause,
    });
  }
}

function migrate(database: DatabaseSync, ids: readonly string[]): void {
  for (const statements of pendingMigrations(sqliteDialect, ids)) {
    database.exec("begin immediate");
    try {
      for (const statement of statements) database.exec(statement);
      database.exec("commit");
    } catch (error) {
      database.exec("rollback");
      throw error;
    }
  }
}

function openDatabase(path: string): DatabaseSync {
  try {
    if (existsSync(path)) accessSync(path, constants.W_OK);
    return new DatabaseSync(path, { timeout: 0 });
  } catch (cause) {
    throw new ConfigError(`The database ${path} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

interface DriverParts {
  sync: WalSync | undefined;
  release: () => void;
}

/** Opens and migrates a database that `release` gives back. */
function prepare(path: string, { sync, release }: DriverParts): SqliteDriver {
  const database = openDatabase(path);
  try {
    const ids = readMigrations(database, path);
    refuseNewer(ids, path);
    refuseDamaged(database, path);
    // The log is put on the disk by WalSync where that is wanted, without blocking the event loop.
    database.exec("pragma journal_mode = wal; pragma synchronous = normal");
    registerFunctions(database);
    migrate(database, ids);
    return new SqliteDriver(database, { release, sync });
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the SQLite database of a data directory for this process alone. */
export function openSqlite({ dataDir, synchronous = "full" }: SqliteOptions): SqliteDriver {
  if (dataDir === ":memory:")
    return prepare(dataDir, { sync: undefined, release: () => undefined });
  prepareDirectory(dataDir);
  const unlock = lockDirectory(dataDir);
  try {
    const path = join(dataDir, "kagari.db");
    const sync = synchronous === "full" ? new WalSync(path) : undefined;
    return prepare(path, { sync, release: unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}
