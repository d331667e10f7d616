import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { ConfigError, reasonOf } from "../../core/errors.ts";

/** A larger file is not read through before the start, but beside it. */
const CHECKED_BYTES = 64 * 1024 * 1024;

/** What an operator can do about a damaged file. */
export const WAY_OUT =
  "restore a backup with `kagari restore <file> --force`, or move the file away to begin anew";

/** Beside a database in which damage was found while it was in use: it is read through before the next start. */
export const noteOf = (path: string): string => `${path}.damaged`;

export const noteDamage = (path: string, found: string): void =>
  writeFileSync(noteOf(path), `${found}\n`);

/** What is wrong with the pages of a database, or of one table of it; undefined when they fit together. */
export function damageOf(database: DatabaseSync, table?: string): string | undefined {
  const what = table === undefined ? "1" : `"${table.replaceAll('"', '""')}"`;
  try {
    const row = database.prepare(`pragma quick_check(${what})`).get();
    const found = String(row?.["quick_check"]);
    return found === "ok" ? undefined : inOneLine(found);
  } catch (error) {
    return reasonOf(error);
  }
}

const inOneLine = (found: string): string =>
  found.replace(/^\*\*\*.*\*\*\*\n/, "").replaceAll("\n", "; ");

/** Refuses a file whose pages do not fit together; answers whether it is left to be checked later. */
export function refuseDamaged(
  database: DatabaseSync,
  path: string,
  checkedBytes: number = CHECKED_BYTES,
): boolean {
  if (path === ":memory:") return false;
  const isSuspect = existsSync(noteOf(path));
  if (!isSuspect && statSync(path).size > checkedBytes) return true;
  const found = damageOf(database);
  if (found !== undefined) throw new ConfigError(`${path} is damaged (${found}); ${WAY_OUT}`);
  rmSync(noteOf(path), { force: true });
  return false;
}
