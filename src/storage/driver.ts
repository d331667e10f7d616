import type { Expression, Kysely, RawBuilder, SqlBool } from "kysely";
import type { JsonObject } from "../core/json.ts";
import type { Commit } from "./commit.ts";
import type { Schema } from "./schema.ts";

/** What SQL differs in from database to database. */
export interface Dialect {
  /** Builds and compiles statements; only the driver runs them. */
  readonly db: Kysely<Schema>;
  /** Column types of migrations, and the clause that keeps a table in the order of its key. */
  readonly types: {
    integer: RawBuilder<unknown>;
    blob: RawBuilder<unknown>;
    rowNumber: RawBuilder<unknown>;
    clustered: RawBuilder<unknown>;
  };
  /** Ends a select whose rows must not change before the commit does. */
  readonly lockRows: RawBuilder<unknown>;
  /** Ends the select of a row to compete for. */
  readonly skipLocked: RawBuilder<unknown>;
  /** JSON containment as Postgres' `@>`; the wanted value is bound, never part of the SQL. */
  readonly jsonContains: (column: string, wanted: JsonObject) => Expression<SqlBool>;
  /** Case-blind: is `part` somewhere in the column? */
  readonly textContains: (column: string, part: string) => Expression<SqlBool>;
}

/** Runs commits whole: a rejected one has changed nothing. */
export interface Commits {
  write<T>(commit: Commit<T>): Promise<T>;
  read<T>(commit: Commit<T>): Promise<T>;
}

export interface Driver extends Commits {
  readonly dialect: Dialect;
  close(): Promise<void>;
}
