import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ConfigError, reasonOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { MIGRATION_TABLE, pendingMigrations, refuseNewer } from "../migrate.ts";
import { BackgroundCheck } from "./background-check.ts";
import { noteDamage, refuseDamaged, WAY_OUT } from "./sqlite-damage.ts";
import { registerFunctions, sqliteDialect } from "./sqlite-dialect.ts";
import { SQLITE, sqliteKind } from "./sqlite-errors.ts";
import { SqliteDriver } from "./sqlite.ts";
import { WalCheckpoint } from "./wal-checkpoint.ts";
import { WalSync } from "./wal-sync.ts";

export interface SqliteOptions {
  /** A folder, made if missing, or `:memory:`. */
  dataDir: string;
  /** `full` survives a power cut, `normal` may lose the last commits to one. */
  synchronous?: "full" | "normal";
  /** A file of more bytes is read through beside the work and not before it. */
  checkedBytes?: number | undefined;
  log?: Log | undefined;
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

interface DriverParts extends Pick<SqliteOptions, "checkedBytes" | "log"> {
  sync: WalSync | undefined;
  checkpoint?: WalCheckpoint;
  release: () => void;
}

/** Opens and migrates a database that `release` gives back. */
function prepare(path: string, { checkedBytes, log, ...parts }: DriverParts): SqliteDriver {
  const database = openDatabase(path);
  try {
    const ids = readMigrations(database, path);
    refuseNewer(ids, path);
    const isUnchecked = refuseDamaged(database, path, checkedBytes);
    // The log is put on the disk by WalSync where that is wanted, without blocking the event loop.
    database.exec("pragma journal_mode = wal; pragma synchronous = normal");
    registerFunctions(database);
    migrate(database, ids);
    const onDamage = (found: string) => {
      log?.error({ path, found }, `the database is damaged and takes nothing in; ${WAY_OUT}`);
      if (path !== ":memory:") noteDamage(path, found);
    };
    const driver = new SqliteDriver(database, { ...parts, onDamage });
    if (isUnchecked) driver.watch((report) => new BackgroundCheck(path, { onDamage: report, log }));
    return driver;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the SQLite database of a data directory for this process alone. */
export function openSqlite(options: SqliteOptions): SqliteDriver {
  const { dataDir, synchronous = "full", checkedBytes, log } = options;
  const more = { checkedBytes, log };
  if (dataDir === ":memory:")
    return prepare(dataDir, { ...more, sync: undefined, release: () => undefined });
  prepareDirectory(dataDir);
  const unlock = lockDirectory(dataDir);
  try {
    const path = join(dataDir, "kagari.db");
    const sync = synchronous === "full" ? new WalSync(path) : undefined;
    const checkpoint = new WalCheckpoint(path);
    return prepare(path, { ...more, sync, checkpoint, release: unlock });
  } catch (error) {
    unlock();
    throw error;
  }
}
