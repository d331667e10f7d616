import type { Log } from "../core/log.ts";
import type { TokenFactor } from "../domain/usage.ts";
import type { UsageRows } from "../storage/usage-port.ts";

const EVERY_MS = 5000;

/** Keeps what is learnt of models' tokens, now and then and at the end. */
export class FactorKeeper {
  readonly #rows: UsageRows;
  readonly #take: () => TokenFactor[];
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;

  constructor(rows: UsageRows, { take, log }: { take: () => TokenFactor[]; log: Log }) {
    this.#rows = rows;
    this.#take = take;
    this.#log = log;
    this.#timer = setInterval(() => void this.keep(), EVERY_MS);
    this.#timer.unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.keep();
  }

  /** What cannot be kept is learnt again. */
  async keep(): Promise<void> {
    const changed = this.#take();
    if (changed.length === 0) return;
    try {
      await this.#rows.keepFactors(changed);
    } catch (error) {
      this.#log.warn({ err: error }, "could not keep token factors");
    }
  }
}
