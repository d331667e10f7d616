import { createRequire } from "node:module";
import { destination, pino, type Logger } from "pino";
import type pinoPretty from "pino-pretty";

export type Log = Logger;

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** One JSON object per line on stderr; readable lines when stderr is a terminal. */
export function createLog(level: (typeof LOG_LEVELS)[number]): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stderr.isTTY) return pino(options, destination({ dest: 2, sync: true }));
  // Loaded only here: a server whose log goes to a file has no use for it.
  const pretty: typeof pinoPretty = createRequire(import.meta.url)("pino-pretty");
  return pino(options, pretty({ destination: 2, sync: true, ignore: "pid,hostname" }));
}
