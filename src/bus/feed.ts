import { eventSize } from "./event-size.ts";
import type { LiveEvent } from "./port.ts";

/** How many of the newest events of a run, and how much of them, is kept in memory for its followers. */
const WINDOW = 256;
const WINDOW_BYTES = 512 * 1024;
/** How many of the newest states are: a follower that is further behind reads them from their checkpoints. */
const STATES = 8;

/** The newest stored events of one run, and the followers that wait for more. */
export class Feed {
  #events: LiveEvent[] = [];
  #sizes: number[] = [];
  #bytes = 0;
  /** Which events have their state with them. */
  #states: number[] = [];
  /** The seq that the first of them follows; undefined while nothing is known of the run. */
  #start: number | undefined;
  #waiting = new Set<() => void>();
  /** Raised by every change, so that a follower notices one that came while it read the database. */
  version = 0;
  /** Raised when the run itself changed: it may have ended or gone without an event. */
  touches = 1;
  followers = 0;
  /** Writers of this process: while there is one, all that becomes of the run is told here. */
  writers = 0;

  /** Nothing of the run is stored after `seq`: what is pushed from now on is all that follows it. */
  begin(seq: number): void {
    this.#start = seq;
    this.#events = [];
    this.#sizes = [];
    this.#bytes = 0;
    this.#states = [];
  }

  push(events: LiveEvent[]): void {
    const [first] = events;
    if (!first) return;
    // Without followers nothing need be kept: one that comes later reads it from the database.
    if (this.followers === 0) this.begin(first.seq - 1 + events.length);
    else {
      if (this.#start === undefined || first.seq !== this.#start + this.#events.length + 1)
        this.begin(first.seq - 1);
      for (const event of events) this.#keep(event);
      this.#shrink();
    }
    this.#wake();
  }

  #keep(event: LiveEvent): void {
    const size = eventSize(event, WINDOW_BYTES);
    this.#events.push(event);
    this.#sizes.push(size);
    this.#bytes += size;
    if (event.live) this.#states.push(event.seq);
  }

  #shrink(): void {
    if (this.#events.length > WINDOW * 2) this.#drop(this.#events.length - WINDOW);
    if (this.#bytes > WINDOW_BYTES * 2) this.#drop(this.#beyondBytes());
    for (const seq of this.#states.splice(0, this.#states.length - STATES)) {
      const index = seq - 1 - (this.#start ?? 0);
      const event = this.#events[index];
      if (event) this.#events[index] = { ...event, live: undefined };
    }
  }

  /** How many of the oldest events are too much; the newest of all stays, however large. */
  #beyondBytes(): number {
    let left = this.#bytes;
    let count = 0;
    while (left > WINDOW_BYTES && count < this.#events.length - 1)
      left -= this.#sizes[count++] ?? 0;
    return count;
  }

  #drop(count: number): void {
    for (const size of this.#sizes.slice(0, count)) this.#bytes -= size;
    this.#start = (this.#start ?? 0) + count;
    this.#events = this.#events.slice(count);
    this.#sizes = this.#sizes.slice(count);
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
    if (this.#start === undefined || seq < this.#start) return undefined;
    return this.#events.slice(seq - this.#start);
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
