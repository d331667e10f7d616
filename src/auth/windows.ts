const BUCKET_MS = 1_000;
const BUCKETS = 60;

/** Counts what happened in the last minute, to the second, so that no edge of a minute lets through more. */
export class MinuteWindow {
  readonly #counts = new Float64Array(BUCKETS);
  #newest = 0;
  #sum = 0;

  /** What was counted in the minute before now. */
  sum(now: number): number {
    this.#advance(now);
    return this.#sum;
  }

  add(now: number, count: number): void {
    this.#advance(now);
    const slot = this.#newest % BUCKETS;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
    this.#sum += count;
  }

  /** Seconds until less than `limit` is counted. */
  secondsUntilBelow(limit: number, now: number): number {
    this.#advance(now);
    let left = this.#sum;
    for (let seconds = 1; seconds < BUCKETS; seconds += 1) {
      // The oldest second comes just after the newest one.
      left -= this.#counts[(this.#newest + seconds) % BUCKETS] ?? 0;
      if (left < limit) return seconds;
    }
    return BUCKETS;
  }

  #advance(now: number): void {
    const bucket = Math.floor(now / BUCKET_MS);
    const steps = Math.min(BUCKETS, Math.max(0, bucket - this.#newest));
    for (let step = 1; step <= steps; step += 1) {
      const slot = (bucket - steps + step) % BUCKETS;
      this.#sum -= this.#counts[slot] ?? 0;
      this.#counts[slot] = 0;
    }
    this.#newest = Math.max(this.#newest, bucket);
  }
}
