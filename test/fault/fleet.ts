import { describe, inject } from "vitest";
import type { Settings } from "../../src/config/settings.ts";
import { freshDatabase } from "../support/postgres.ts";
import { type TestServer, testServer } from "../support/test-server.ts";

export interface Fleet extends AsyncDisposable {
  servers: TestServer[];
  first: TestServer;
  /** The server of a number, counted round. */
  at(index: number): TestServer;
}

type FleetSettings = Partial<Record<keyof Settings, unknown>>;

/** One server on a database of its own, or several that share a Postgres. */
async function openFleet(isShared: boolean, settings: FleetSettings): Promise<Fleet> {
  const database = isShared ? await freshDatabase() : undefined;
  const shared = database ? { database_url: database.url, database_connections: 4 } : {};
  const servers = await Promise.all(
    Array.from({ length: isShared ? 3 : 1 }, () =>
      testServer({ settings: { ...shared, ...settings } }),
    ),
  );
  const at = (index: number): TestServer => {
    const server = servers[index % servers.length];
    if (!server) throw new Error("there is no server");
    return server;
  };
  return {
    servers,
    first: at(0),
    at,
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
      await database?.[Symbol.asyncDispose]();
    },
  };
}

/** Runs a suite on one server with SQLite, and on three that share a Postgres. */
export function describeFleets(
  name: string,
  suite: (open: (settings?: FleetSettings) => Promise<Fleet>) => void,
): void {
  describe(`${name} on SQLite`, () => {
    suite((settings = {}) => openFleet(false, settings));
  });
  describe.skipIf(inject("postgresUrl") === undefined)(
    `${name} on three servers [needs postgres]`,
    () => {
      suite((settings = {}) => openFleet(true, settings));
    },
  );
}
