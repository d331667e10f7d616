import { Pool, types, type CustomTypesConfig, type PoolClient } from "pg";
import { ConfigError, reasonOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { MIGRATION_TABLE, pendingMigrations, refuseNewer } from "../migrate.ts";
import { PostgresClock } from "./postgres-clock.ts";
import { postgresDialect } from "./postgres-dialect.ts";
import { fromPostgresError, isRefused, isUnavailable, postgresCode } from "./postgres-errors.ts";
import { PostgresDriver } from "./postgres.ts";

export interface PostgresOptions {
  /** postgres://user@host:port/database */
  databaseUrl: string;
  /** Connections of this process at most. */
  maxConnections?: number;
  log?: Log;
}

const DEFAULT_CONNECTIONS = 10;
/** How long a commit waits for a connection. */
const CONNECT_MS = 10_000;
/** A process that stops in the middle of a commit gives up its locks after this. */
const ABANDONED_MS = 60_000;
/** Every Kagari takes this lock of the database before it looks at the schema. */
const MIGRATION_LOCK = 7_202_611_201;

const TABLE_EXISTS = "42P07";

function parseBytes(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text.slice("\\x".length), "hex");
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Counts and times are far below 2^53. */
const PARSERS = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, Number],
  [types.builtins.NUMERIC, Number],
  [types.builtins.BYTEA, parseBytes],
]);

const typeParsers: CustomTypesConfig = {
  getTypeParser: (oid, format) => PARSERS.get(oid) ?? types.getTypeParser(oid, format),
};

/** The host and name of a database, without what must stay secret. */
export function databaseName(databaseUrl: string): string {
  try {
    const { host, pathname } = new URL(databaseUrl);
    return `${host}${pathname}`;
  } catch {
    return "DATABASE_URL";
  }
}

function createPool({ databaseUrl, maxConnections, log }: PostgresOptions): Pool {
  const pool = new Pool({
    connectionString: databaseUrl,
    application_name: "kagari",
    max: maxConnections ?? DEFAULT_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idle_in_transaction_session_timeout: ABANDONED_MS,
    keepAlive: true,
    types: typeParsers,
  });
  // The pool has dropped the connection already and makes another when one is needed.
  pool.on("error", (error) => log?.warn({ err: error }, "lost an idle database connection"));
  // An error while a commit has the connection rejects its statement; without this it ends the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** Brings the schema up to date; of several processes at once one does, the others wait for it. */
async function migrate(pool: Pool, name: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    const ids = await readMigrations(client);
    refuseNewer(ids, name);
    for (const statements of pendingMigrations(postgresDialect, ids))
      for (const statement of statements) await client.query(statement);
    await client.query("commit");
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function readMigrations(client: PoolClient): Promise<string[]> {
  const found = await client.query("select to_regclass($1) is not null as is_there", [
    MIGRATION_TABLE,
  ]);
  if (found.rows[0]?.is_there !== true) return [];
  const { rows } = await client.query<{ id: string }>(`select id from ${MIGRATION_TABLE}`);
  return rows.map(({ id }) => id);
}

const clockOf = (pool: Pool) =>
  new PostgresClock(async () => {
    const { rows } = await pool.query<{ ms: string }>(
      "select extract(epoch from clock_timestamp()) * 1000 as ms",
    );
    return Number(rows[0]?.ms);
  });

function openingError(error: unknown, name: string): unknown {
  const reason = reasonOf(error);
  if (postgresCode(error) === TABLE_EXISTS)
    return new ConfigError(
      `The database ${name} holds tables of another program (${reason}); give Kagari one of its own`,
      { cause: error },
    );
  if (isRefused(error) || isUnavailable(error))
    return new ConfigError(`The database ${name} cannot be opened: ${reason}; check DATABASE_URL`, {
      cause: error,
    });
  return fromPostgresError(error);
}

/** Connects to a Postgres and brings its schema up to date. */
export async function openPostgres(options: PostgresOptions): Promise<PostgresDriver> {
  const name = databaseName(options.databaseUrl);
  const pool = createPool(options);
  try {
    await migrate(pool, name);
    const clock = clockOf(pool);
    await clock.set();
    return new PostgresDriver(pool, clock);
  } catch (error) {
    await pool.end();
    throw openingError(error, name);
  }
}
