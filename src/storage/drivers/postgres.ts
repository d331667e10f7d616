import { setTimeout as pause } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { AppError } from "../../core/errors.ts";
import { begun, type Commit, type Query, type Work } from "../commit.ts";
import type { Dialect, Driver } from "../driver.ts";
import type { PostgresClock } from "./postgres-clock.ts";
import { postgresDialect } from "./postgres-dialect.ts";
import { fromPostgresError, hasStaleStatements, isLostRace } from "./postgres-errors.ts";

const MAX_TRIES = 5;
const PAUSE_MS = 10;
const SET_CLOCK_MS = 60_000;
/** Two claims of one thread at once: the loser finds another run, or none. */
const ONLY_BY_RACE = new Set(["run_one_running_per_thread"]);

/** A Postgres that any number of processes share: each commit is a transaction of its own. */
export class PostgresDriver implements Driver {
  readonly dialect: Dialect = postgresDialect;
  readonly clock: PostgresClock;
  readonly #pool: Pool;
  readonly #timer: NodeJS.Timeout;
  readonly #names = new Map<string, string>();
  #closed: Promise<void> | undefined;

  /** The clock is set already; it is set again now and then. */
  constructor(pool: Pool, clock: PostgresClock) {
    this.#pool = pool;
    this.clock = clock;
    // A database that does not answer leaves the clock as it is.
    this.#timer = setInterval(() => void clock.set().catch(() => undefined), SET_CLOCK_MS);
    this.#timer.unref();
  }

  write<T>(work: Work<T>): Promise<T> {
    return this.#retried(work, (client, commit) => this.#transact(client, commit, "begin"));
  }

  read<T>(work: Work<T>, consistency?: "snapshot"): Promise<T> {
    return this.#retried(work, (client, commit) =>
      consistency === "snapshot"
        ? this.#transact(client, commit, "begin isolation level repeatable read read only")
        : this.#interpret(client, commit),
    );
  }

  /** Ends what runs, then gives the connections back. */
  close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closed ??= this.#pool.end();
    return this.#closed;
  }

  /** Tries again what lost a race; work that is already begun cannot be. */
  async #retried<T>(
    work: Work<T>,
    attempt: (client: PoolClient, commit: Commit<T>) => Promise<T>,
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#withClient((client) => attempt(client, begun(work)));
      } catch (error) {
        const isLast = tries === MAX_TRIES || typeof work !== "function";
        if (isLast || !isLostRace(error, ONLY_BY_RACE)) throw fromPostgresError(error);
        await pause(PAUSE_MS * tries * Math.random());
      }
    }
  }

  async #withClient<T>(use: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#closed) throw new AppError("unavailable", "The database is closed");
    const client = await this.#pool.connect();
    let isBroken = false;
    try {
      return await use(client);
    } catch (error) {
      isBroken = hasStaleStatements(error) || error instanceof RollbackError;
      throw error instanceof RollbackError ? error.cause : error;
    } finally {
      client.release(isBroken);
    }
  }

  async #transact<T>(client: PoolClient, commit: Commit<T>, begin: string): Promise<T> {
    await client.query(begin);
    try {
      const result = await this.#interpret(client, commit);
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch(() => {
        throw new RollbackError("The transaction could not be rolled back", { cause: error });
      });
      throw error;
    }
  }

  async #interpret<T>(client: PoolClient, commit: Commit<T>): Promise<T> {
    let step = commit.next([]);
    while (!step.done) step = commit.next(await this.#execute(client, step.value));
    return step.value;
  }

  async #execute(client: PoolClient, { sql, parameters, isHot }: Query): Promise<unknown[]> {
    const query = { text: sql, values: [...parameters] };
    const result = await client.query(isHot ? { ...query, name: this.#name(sql) } : query);
    return result.rows;
  }

  #name(sql: string): string {
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    const name = `kagari_${this.#names.size}`;
    this.#names.set(sql, name);
    return name;
  }
}

/** The connection is of no more use; the cause is what went wrong first. */
class RollbackError extends Error {}
