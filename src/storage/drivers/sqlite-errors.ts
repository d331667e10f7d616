import { AppError, ConflictError } from "../../core/errors.ts";

/** SQLite's result codes: the low byte is the kind, the whole the exact case. */
export const SQLITE = {
  busy: 5,
  readonly: 8,
  corrupt: 11,
  full: 13,
  cantOpen: 14,
  notADatabase: 26,
  constraintPrimaryKey: 1555,
  constraintUnique: 2067,
} as const;

/** The result code of an error of node:sqlite. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

/** The result code without the exact case. */
export const sqliteKind = (error: unknown): number | undefined => {
  const code = sqliteCode(error);
  return code === undefined ? undefined : code & 0xff;
};

const takenColumn = (error: Error) => /\w+\.\w+(?=[^.]*$)/.exec(error.message)?.[0] ?? "row";

/** A log that could not be put on the disk: whether its commits last is not known. */
export const fromDiskError = (error: unknown): AppError =>
  error instanceof Error && "code" in error && error.code === "ENOSPC"
    ? new AppError("storage_full", "The disk of the database is full", { cause: error })
    : new AppError("unavailable", "The database could not be written to the disk", {
        cause: error,
      });

export const damagedError = (cause?: unknown): AppError =>
  new AppError(
    "storage_damaged",
    "The database is damaged and takes nothing in; the log of the server says what to do",
    cause === undefined ? {} : { cause },
  );

/** Whether SQLite has found pages that do not fit together. */
export const isDamage = (error: unknown): boolean => {
  const kind = sqliteKind(error);
  return kind === SQLITE.corrupt || kind === SQLITE.notADatabase;
};

/** What the rest of the house knows of a failed statement; an error it does not know stays as it is. */
export function fromSqliteError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = sqliteCode(error);
  if (code === SQLITE.constraintUnique || code === SQLITE.constraintPrimaryKey) {
    return new ConflictError(`A row with the same ${takenColumn(error)} is already stored`);
  }
  if (sqliteKind(error) === SQLITE.full) {
    return new AppError("storage_full", "The disk of the database is full", { cause: error });
  }
  if (isDamage(error)) return damagedError(error);
  if (sqliteKind(error) === SQLITE.busy) {
    return new AppError("unavailable", "Another program has locked the database", { cause: error });
  }
  return error;
}
