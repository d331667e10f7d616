import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { ConfigError, reasonOf } from "../../core/errors.ts";
import { refuseNewer } from "../migrate.ts";
import { lockDirectory, readMigrations } from "./sqlite-open.ts";

const DATABASE = "kagari.db";
/** All in one step, so that commits of the server never make the copy start anew. */
const ALL_PAGES = 0x7fff_ffff;

function toDisk(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes the file's new name last through a power cut. */
function moveInto(from: string, to: string): void {
  toDisk(from);
  renameSync(from, to);
  toDisk(dirname(to));
}

/** Refuses a file that is no whole Kagari database of this version or an older one. */
export function verifyBackup(path: string): void {
  if (!existsSync(path)) throw new ConfigError(`${path}: not found`);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const ids = readMigrations(database, path);
    if (ids.length === 0) throw new ConfigError(`${path} is empty`);
    refuseNewer(ids, path);
    const found = database.prepare("pragma integrity_check").get();
    const result = String(found?.["integrity_check"]);
    if (result !== "ok") throw new ConfigError(`${path} is damaged: ${result}`);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path} cannot be read as a database: ${reasonOf(error)}`, {
      cause: error,
    });
  } finally {
    database?.close();
  }
}

/** Copies the database of a data directory, which a server may be writing to, into a file of its own. */
export async function backupSqlite(dataDir: string, file: string): Promise<void> {
  const path = join(dataDir, DATABASE);
  if (!existsSync(path)) throw new ConfigError(`${dataDir} holds no database`);
  if (existsSync(file))
    throw new ConfigError(`${file} exists already; a backup overwrites nothing`);
  const draft = `${file}.unfinished`;
  rmSync(draft, { force: true });
  try {
    const source = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    try {
      await backup(source, draft, { rate: ALL_PAGES });
    } finally {
      source.close();
    }
    // One file that needs no log beside it.
    const copy = new DatabaseSync(draft);
    copy.exec("pragma journal_mode = delete");
    copy.close();
    verifyBackup(draft);
    moveInto(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`The backup ${file} could not be made: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

/** Moves the database of a directory aside, its log with it; answers its new name. */
function setAside(path: string): string {
  let name = `${path}.replaced`;
  for (let count = 2; existsSync(name); count += 1) name = `${path}.replaced-${count}`;
  for (const suffix of ["-wal", "-shm", ".damaged", ""]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, name + suffix);
  }
  return name;
}

/**
 * Makes a backup the database of a data directory. Refused while a server runs on it, and, without
 * `force`, when it holds a database; with it that one is kept under another name, which is answered.
 */
export function restoreSqlite(
  file: string,
  dataDir: string,
  { force }: { force: boolean },
): string | undefined {
  verifyBackup(file);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const unlock = lockDirectory(dataDir);
  const path = join(dataDir, DATABASE);
  const draft = `${path}.unfinished`;
  try {
    if (existsSync(path) && !force)
      throw new ConfigError(
        `${dataDir} holds a database already; --force restores and keeps that one beside it`,
      );
    copyFileSync(file, draft);
    verifyBackup(draft);
    const aside = existsSync(path) ? setAside(path) : undefined;
    moveInto(draft, path);
    return aside;
  } finally {
    rmSync(draft, { force: true });
    unlock();
  }
}
