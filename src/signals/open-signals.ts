import type { Log } from "../core/log.ts";
import { localSignals } from "./local-signals.ts";
import type { Signals } from "./port.ts";

/** The signals of a database: between processes on Postgres, none where one process owns it. */
export async function openSignals(databaseUrl: string | undefined, log: Log): Promise<Signals> {
  if (databaseUrl === undefined) return localSignals();
  const { PostgresSignals } = await import("./postgres-signals.ts");
  return new PostgresSignals({ databaseUrl, log });
}
