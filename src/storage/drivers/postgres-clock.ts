import type { Clock } from "../../core/clock.ts";

const SAMPLES = 3;

/** The time of the database between looks at it, told by this process's monotonic clock. */
export class PostgresClock implements Clock {
  readonly #askMs: () => Promise<number>;
  #offsetMs = 0;

  /** `askMs` asks the database for its time. */
  constructor(askMs: () => Promise<number>) {
    this.#askMs = askMs;
  }

  now(): number {
    return Math.round(performance.now() + this.#offsetMs);
  }

  /** Sets the clock by the quickest of a few answers: the time is taken in the middle of it. */
  async set(): Promise<void> {
    let bestMs = Infinity;
    for (let n = 0; n < SAMPLES; n += 1) {
      const asked = performance.now();
      const answer = await this.#askMs();
      const tookMs = performance.now() - asked;
      if (tookMs >= bestMs) continue;
      bestMs = tookMs;
      this.#offsetMs = answer - (asked + tookMs / 2);
    }
  }
}
