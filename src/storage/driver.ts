import type { Compilable, Expression, Kysely, RawBuilder, SqlBool } from "kysely";
import type { Clock } from "../core/clock.ts";
import type { JsonObject } from "../core/json.ts";
import type { FieldCondition } from "../domain/item-filter.ts";
import type { Work } from "./commit.ts";
import type { Schema } from "./schema.ts";

/** A word as it is, or any that begins so. */
export interface WantedWord {
  text: string;
  isStart: boolean;
}

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
  /** Several commits may run at a time: what one relies on it has to lock, threads before their runs. */
  readonly isConcurrent: boolean;
  /** Ends a select whose rows this commit changes. */
  readonly lockRows: RawBuilder<unknown>;
  /** Ends a select whose rows must not change before the commit does. */
  readonly shareRows: RawBuilder<unknown>;
  /** Ends a select whose rows nobody may lock for a change (`lockRows`, or a deletion) before the commit is done. */
  readonly guardRows: RawBuilder<unknown>;
  /** Ends the select of rows that this commit changes though others guard them; those locked otherwise are passed over. */
  readonly skipUnguarded: RawBuilder<unknown>;
  /** Ends the select of rows to compete for. */
  readonly skipLocked: RawBuilder<unknown>;
  /** What leases are measured by, in milliseconds: the database's clock where processes share it. */
  readonly now: (given: number) => Expression<number>;
  /** Can a whole column of rows be bound as one array? */
  readonly hasArrays: boolean;
  /** The UTF-8 bytes of a text. */
  readonly bytesOf: (text: RawBuilder<unknown>) => RawBuilder<unknown>;
  /** JSON containment as Postgres' `@>`; the wanted value is bound, never part of the SQL. */
  readonly jsonContains: (column: string, wanted: JsonObject) => Expression<SqlBool>;
  /** Does a JSON column meet a condition on one of its fields? */
  readonly jsonMeets: (column: string, condition: FieldCondition) => Expression<SqlBool>;
  /** Case-blind: is `part` somewhere in the column? */
  readonly textContains: (column: string, part: string) => Expression<SqlBool>;
  /** Tables of texts that are found by their words; a word has no sign that means something in SQL. */
  readonly words: {
    /** A table with the columns `rowid`, given when a row is written, and `words`. */
    table: (name: string) => Compilable[];
    /** A text whose words are apart by spaces, as it is written. */
    value: (text: string) => RawBuilder<string>;
    /** Has a row all of these words? */
    match: (table: string, wanted: readonly WantedWord[]) => Expression<SqlBool>;
  };
}

export interface WriteOptions {
  /** The commit is of no use to another process after a crash: the disk is not waited for. */
  isPassing?: boolean;
}

/** Runs commits whole: a rejected one has changed nothing. */
export interface Commits {
  write<T>(work: Work<T>, options?: WriteOptions): Promise<T>;
  /** Where commits are concurrent, `snapshot` makes all statements of the read see one moment. */
  read<T>(work: Work<T>, consistency?: "snapshot"): Promise<T>;
}

export interface Driver extends Commits {
  readonly dialect: Dialect;
  /** The clock that processes on this database share; none where one process owns it. */
  readonly clock: Clock | undefined;
  close(): Promise<void>;
}
