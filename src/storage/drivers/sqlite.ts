import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { AppError, reasonOf } from "../../core/errors.ts";
import { begun, type Query, type Work } from "../commit.ts";
import type { Dialect, Driver, WriteOptions } from "../driver.ts";
import { damagedError, fromDiskError, fromSqliteError, isDamage } from "./sqlite-errors.ts";
import { sqliteDialect } from "./sqlite-dialect.ts";
import type { WalCheckpoint } from "./wal-checkpoint.ts";
import type { WalSync } from "./wal-sync.ts";

const MAX_STATEMENTS = 500;

/** A commit that waits for its turn; `run` answers how to settle it once all are durable. */
interface Waiting {
  readonly run: () => () => void;
  readonly isPassing: boolean;
  readonly reject: (error: unknown) => void;
}

interface Parts {
  release: () => void;
  /** Commits are settled once it has put them on the disk. */
  sync: WalSync | undefined;
  /** Without it SQLite moves its log itself, inside of commits. */
  checkpoint?: WalCheckpoint | undefined;
  /** Told once, of the first damage that is found. */
  onDamage?: (found: string) => void;
}

// Repositories bind only text, numbers, null and bytes.
const toInputs = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];

/**
 * One process's own SQLite file. All commits of one turn of the event loop share a transaction, each
 * under a savepoint, and are settled after it is durable.
 */
export class SqliteDriver implements Driver {
  readonly dialect: Dialect = sqliteDialect;
  readonly clock = undefined;
  readonly #database: DatabaseSync;
  readonly #release: () => void;
  readonly #sync: WalSync | undefined;
  readonly #checkpoint: WalCheckpoint | undefined;
  readonly #onDamage: Parts["onDamage"];
  #check: { close(): void } | undefined;
  #isDamaged = false;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: Waiting[] = [];
  /** Resolves when all commits so far are settled. */
  #settling: Promise<void> = Promise.resolve();
  #checkpointing: Promise<void> | undefined;
  /** While commits wait for the end of a checkpoint. */
  #isHeld = false;
  #isClosed = false;

  constructor(database: DatabaseSync, { release, sync, checkpoint, onDamage }: Parts) {
    this.#database = database;
    this.#release = release;
    this.#sync = sync;
    this.#checkpoint = checkpoint;
    this.#onDamage = onDamage;
    if (checkpoint) database.exec("pragma wal_autocheckpoint = 0");
  }

  /** Lets something look for damage while this is open: from the first that is found on nothing is written. */
  watch(begin: (report: (found: string) => void) => { close(): void }): void {
    this.#check = begin((found) => this.#refuse(found));
  }

  write<T>(work: Work<T>, { isPassing = false }: WriteOptions = {}): Promise<T> {
    if (this.#isClosed) return Promise.reject(closedError());
    if (this.#isDamaged) return Promise.reject(damagedError());
    return new Promise<T>((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#flush());
      const run = () => {
        const result = this.#interpret(work);
        return () => resolve(result);
      };
      this.#waiting.push({ run, reject, isPassing });
    });
  }

  async read<T>(work: Work<T>): Promise<T> {
    if (this.#isClosed) throw closedError();
    try {
      return this.#interpret(work);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Ends what waits, then gives the file back. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#check?.close();
    await this.#checkpointing;
    this.#flush();
    await this.#settling;
    await this.#checkpoint?.close();
    this.#sync?.close();
    this.#statements.clear();
    this.#database.close();
    this.#release();
  }

  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0 || this.#isHeld) return;
    this.#waiting = [];
    const settlements: (() => void)[] = [];
    const passing: (() => void)[] = [];
    try {
      this.#execute({ sql: "begin immediate", parameters: [] });
      for (const waiting of batch)
        (waiting.isPassing ? passing : settlements).push(this.#runOne(waiting, batch.length > 1));
      this.#execute({ sql: "commit", parameters: [] });
    } catch (error) {
      this.#rollBack();
      const cause = this.#explained(error);
      for (const { reject } of batch) reject(cause);
      return;
    }
    for (const settle of passing) settle();
    if (settlements.length > 0) this.#settling = this.#settle(settlements, batch);
    if (this.#checkpoint?.isDue()) this.#checkpointing ??= this.#emptyLog(this.#checkpoint);
  }

  /** Most is moved beside the commits, which then wait for the rest: the log begins anew only when all is. */
  async #emptyLog(checkpoint: WalCheckpoint): Promise<void> {
    await checkpoint.run();
    this.#isHeld = true;
    await checkpoint.run();
    this.#isHeld = false;
    this.#checkpointing = undefined;
    if (checkpoint.isBroken)
      this.#execute({ sql: "pragma wal_autocheckpoint = 1000", parameters: [] });
    this.#flush();
  }

  async #settle(settlements: (() => void)[], batch: Waiting[]): Promise<void> {
    try {
      await this.#sync?.flush();
      for (const settle of settlements) settle();
    } catch (error) {
      const cause = fromDiskError(error);
      for (const { reject } of batch) reject(cause);
    }
  }

  #runOne(waiting: Waiting, hasNeighbours: boolean): () => void {
    try {
      if (hasNeighbours) this.#execute({ sql: "savepoint one", parameters: [] });
      const settle = waiting.run();
      if (hasNeighbours) this.#execute({ sql: "release one", parameters: [] });
      return settle;
    } catch (error) {
      // A full disk ends the whole transaction, neighbours' work included.
      if (!this.#database.isTransaction || !hasNeighbours) throw error;
      this.#execute({ sql: "rollback to one", parameters: [] });
      this.#execute({ sql: "release one", parameters: [] });
      const cause = this.#explained(error);
      return () => waiting.reject(cause);
    }
  }

  #explained(error: unknown): unknown {
    if (isDamage(error)) this.#refuse(reasonOf(error));
    return fromSqliteError(error);
  }

  #refuse(found: string): void {
    if (this.#isDamaged) return;
    this.#isDamaged = true;
    this.#onDamage?.(found);
  }

  #rollBack(): void {
    if (this.#database.isTransaction) this.#database.exec("rollback");
  }

  #interpret<T>(work: Work<T>): T {
    const commit = begun(work);
    let step = commit.next([]);
    while (!step.done) step = commit.next(this.#execute(step.value));
    return step.value;
  }

  #execute({ sql, parameters }: Query): unknown[] {
    return this.#statement(sql).all(...toInputs(parameters));
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    const oldest =
      this.#statements.size < MAX_STATEMENTS ? undefined : this.#statements.keys().next();
    if (oldest?.value !== undefined) this.#statements.delete(oldest.value);
    this.#statements.set(sql, statement);
    return statement;
  }
}

const closedError = () => new AppError("unavailable", "The database is closed");
