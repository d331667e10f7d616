import type { LiveEvent } from "./port.ts";

/** How many of the newest events of a run are kept in memory for its followers. */
const WINDOW = 1024;

/** The newest stored events of one run, and the followers that wait for more. */
export class Feed {
  #events: LiveEvent[] = [];
  #waiting = new Set<() => void>();
  /** Raised by every change, so that a follower notices one that came while it read the database. */
  version = 0;
  /** Raised when the run itself changed: it may have ended or gone without an event. */
  touches = 1;
  followers = 0;

  push(events: LiveEvent[]): void {
    this.#events.push(...events);
    if (this.#events.length > WINDOW * 2) this.#events = this.#events.slice(-WINDOW);
    this.#wake();
  }

  /** Makes all followers look at the run again. */
  touch(): void {
    this.touches++;
    this.#wake();
  }

  #wake(): void {
    this.version++;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const resume of waiting) resume();
  }

  /** Events after `seq`, or undefined when the window does not reach back that far. */
  after(seq: number): LiveEvent[] | undefined {
    const first = this.#events[0];
    if (!first || first.seq > seq + 1) return undefined;
    return this.#events.slice(seq + 1 - first.seq);
  }

  /** Whether the window holds everything from `seq` on that this process knows of. */
  reaches(seq: number): boolean {
    return this.after(seq) !== undefined;
  }

  /** Resolves at the next change after `version`, or at the abort; with false when neither came in time. */
  changed(
    version: number,
    { signal, withinMs }: { signal: AbortSignal; withinMs: number | undefined },
  ): Promise<boolean> {
    if (this.version !== version || signal.aborted) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (isChanged: boolean) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", resume);
        this.#waiting.delete(resume);
        resolve(isChanged);
      };
      const resume = () => end(true);
      const timer = withinMs === undefined ? undefined : setTimeout(() => end(false), withinMs);
      this.#waiting.add(resume);
      signal.addEventListener("abort", resume);
    });
  }
}
