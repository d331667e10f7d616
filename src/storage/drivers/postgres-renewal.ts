import type { Query } from "../commit.ts";
import { renewAllQuery } from "../repositories/run-leases.ts";
import { postgresDialect } from "./postgres-dialect.ts";

/** `Runs.renewAll` as one statement, for a thread that has no storage of its own. */
export function postgresRenewal(owner: string, leaseMs: number): Query {
  const lease = { owner, now: 0, lease_ms: Math.round(leaseMs) };
  const { sql, parameters } = renewAllQuery(postgresDialect)(lease).compile();
  return { sql, parameters };
}
