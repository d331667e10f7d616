import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { describe, inject } from "vitest";

const serverUrl = inject("postgresUrl");

/** A suite that needs Postgres: skipped where there is none, and its name says so. */
export const describeWithPostgres = (name: string, suite: () => void): void => {
  describe.skipIf(serverUrl === undefined)(`${name} [needs postgres]`, () => {
    suite();
  });
};

function urlOf(database: string): string {
  const url = new URL(serverUrl ?? "");
  url.pathname = `/${database}`;
  return url.href;
}

/** Runs statements on a database, each in its own right. */
export async function onPostgres(url: string, ...statements: string[]): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

export interface FreshDatabase extends AsyncDisposable {
  url: string;
  name: string;
}

/** An empty database of its own. */
export async function freshDatabase(): Promise<FreshDatabase> {
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await onPostgres(urlOf("postgres"), `create database ${name}`);
  return {
    name,
    url: urlOf(name),
    [Symbol.asyncDispose]: async () => {
      await onPostgres(urlOf("postgres"), `drop database ${name} with (force)`);
    },
  };
}
