import { extname } from "node:path";
import { Worker as Thread } from "node:worker_threads";
import type { Log } from "../core/log.ts";

const TICK_MS = 250;
/** Beats per lease: two may fail before it ends. */
const BEATS = 3;
/** An event loop blocked for longer has lost its runs. */
const BLOCKED_MS = 60_000;

export interface HeartbeatOptions {
  databaseUrl: string;
  /** The statement that extends the leases of one owner by `leaseMs`. */
  renewal: { sql: string; parameters: readonly unknown[] };
  leaseMs: number;
  blockedMs?: number;
  log: Log;
}

/** Extends the leases of this process from a thread of its own, so that a busy event loop keeps them. */
export class Heartbeat {
  readonly #thread: Thread;
  readonly #timer: NodeJS.Timeout;

  constructor({ databaseUrl, renewal, leaseMs, blockedMs = BLOCKED_MS, log }: HeartbeatOptions) {
    const ticks = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const counter = new Int32Array(ticks);
    const file = new URL(`heartbeat-thread${extname(import.meta.url)}`, import.meta.url);
    const { sql, parameters } = renewal;
    const beatMs = leaseMs / BEATS;
    const workerData = { databaseUrl, sql, parameters: [...parameters], beatMs, blockedMs, ticks };
    this.#thread = new Thread(file, { workerData });
    this.#thread.unref();
    this.#thread.on("message", (reason: unknown) => log.warn({ reason }, "a heartbeat failed"));
    this.#thread.on("error", (error) => log.error({ err: error }, "the heartbeat has stopped"));
    this.#timer = setInterval(() => Atomics.add(counter, 0, 1), TICK_MS);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#thread.terminate();
  }
}
