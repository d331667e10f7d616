import { AppError, ConflictError } from "../../core/errors.ts";

const UNIQUE_VIOLATION = "23505";
const DISK_FULL = "53100";
const WRONG_ACCESS = new Set(["28000", "28P01", "3D000", "42501"]);

/** Serialization failure and deadlock: the same commit goes through once the other has ended. */
const LOST_RACES = new Set(["40001", "40P01"]);
/** The connection's prepared statements are not what they were: a migration or a pooler came between. */
const STALE_STATEMENTS = new Set(["0A000", "26000"]);

/** Too many connections, shutting down, starting up, read-only, and all of class 08. */
const UNAVAILABLE = /^(08...|53300|53400|57P0[1-5]|25006)$/;
const NETWORK_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT",
]);
/** What pg says without a code. */
const CONNECTION_LOST = /connection terminated|timeout exceeded|not queryable|after calling end/i;

/** The SQLSTATE or system code of an error of pg. */
export function postgresCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

const constraintOf = (error: unknown) =>
  error instanceof Error && "constraint" in error ? String(error.constraint) : "row";

/** May the same commit be tried again at once? `oneOf` are constraints that only a race can break. */
export function isLostRace(error: unknown, oneOf: ReadonlySet<string>): boolean {
  const code = postgresCode(error) ?? "";
  if (code === UNIQUE_VIOLATION) return oneOf.has(constraintOf(error));
  return LOST_RACES.has(code) || STALE_STATEMENTS.has(code);
}

/** Must the connection go before the next try? */
export const hasStaleStatements = (error: unknown): boolean =>
  STALE_STATEMENTS.has(postgresCode(error) ?? "");

/** Is the database out of reach for now? */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = postgresCode(error);
  if (code === undefined) return CONNECTION_LOST.test(error.message);
  return UNAVAILABLE.test(code) || NETWORK_CODES.has(code);
}

/** Does the database refuse us until the operator changes something? */
export const isRefused = (error: unknown): boolean => WRONG_ACCESS.has(postgresCode(error) ?? "");

/** What the rest of the house knows of a failed statement; an error it does not know stays as it is. */
export function fromPostgresError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  if (isUnavailable(error))
    return new AppError("unavailable", "The database cannot be reached", { cause: error });
  const code = postgresCode(error);
  if (code === UNIQUE_VIOLATION)
    return new ConflictError(`A row with the same ${constraintOf(error)} is already stored`);
  if (code === DISK_FULL)
    return new AppError("storage_full", "The disk of the database is full", { cause: error });
  return error;
}
