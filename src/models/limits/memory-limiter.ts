import { systemClock, type Clock } from "../../core/clock.ts";
import type { CallLimit, CallLimiter, CallTicket } from "./call-limiter-port.ts";

const WINDOW_MS = 60_000;

/** The limits of one process. */
export class MemoryLimiter implements CallLimiter {
  readonly #lanes = new Map<string, Lane>();
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async acquire(
    limit: CallLimit,
    { tokens, signal }: { tokens: number; signal?: AbortSignal | undefined },
  ): Promise<CallTicket> {
    signal?.throwIfAborted();
    const lane = this.#lanes.get(limit.key) ?? new Lane(this.#clock);
    this.#lanes.set(limit.key, lane);
    return await lane.enter(limit, { tokens, signal });
  }
}

interface Start {
  readonly at: number;
  tokens: number;
}

interface Waiting {
  readonly tokens: number;
  readonly letThrough: (ticket: CallTicket) => void;
}

/** The calls of one key: who has started in the last minute, who is running, who waits. */
class Lane {
  readonly #clock: Clock;
  readonly #queue: Waiting[] = [];
  #starts: Start[] = [];
  #tokens = 0;
  #running = 0;
  /** As the model file has it now: a changed one counts for those who wait too. */
  #limit: CallLimit | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  enter(
    limit: CallLimit,
    { tokens, signal }: { tokens: number; signal: AbortSignal | undefined },
  ): Promise<CallTicket> {
    this.#limit = limit;
    const { promise, resolve, reject } = Promise.withResolvers<CallTicket>();
    const leave = (): void => {
      this.#queue.splice(this.#queue.indexOf(waiting), 1);
      reject(signal?.reason);
      this.#advance();
    };
    const letThrough = (ticket: CallTicket): void => {
      signal?.removeEventListener("abort", leave);
      resolve(ticket);
    };
    const waiting = { tokens, letThrough };
    signal?.addEventListener("abort", leave, { once: true });
    this.#queue.push(waiting);
    this.#advance();
    return promise;
  }

  /** Lets through all that may go now, the first in line first, and comes back for the next. */
  #advance(): void {
    clearTimeout(this.#timer);
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const waitMs = this.#waitFor(next);
      if (waitMs > 0) {
        if (Number.isFinite(waitMs)) this.#timer = setTimeout(() => this.#advance(), waitMs);
        return;
      }
      this.#queue.shift();
      next.letThrough(this.#start(next));
    }
  }

  /** Milliseconds until a call may start; infinite where another has to end first. */
  #waitFor({ tokens }: Waiting): number {
    const {
      callsAtOnce = Infinity,
      callsPerMinute,
      tokensPerMinute = Infinity,
    } = this.#limit ?? {};
    if (this.#running >= callsAtOnce) return Infinity;
    const now = this.#clock.now();
    this.#forget(now - WINDOW_MS);
    const surplusCalls = this.#starts.length + 1 - (callsPerMinute ?? Infinity);
    // A call above the whole limit goes alone: it would never go otherwise.
    const surplusTokens = this.#tokens + Math.min(tokens, tokensPerMinute) - tokensPerMinute;
    let [calls, freed] = [0, 0];
    for (const start of this.#starts) {
      if (calls >= surplusCalls && freed >= surplusTokens) break;
      calls++;
      freed += start.tokens;
    }
    const last = this.#starts[calls - 1];
    return last === undefined ? 0 : last.at + WINDOW_MS - now;
  }

  #forget(before: number): void {
    const kept = this.#starts.findIndex(({ at }) => at > before);
    const gone = kept < 0 ? this.#starts.length : kept;
    if (gone === 0) return;
    for (const { tokens } of this.#starts.slice(0, gone)) this.#tokens -= tokens;
    this.#starts = this.#starts.slice(gone);
  }

  #start({ tokens }: Waiting): CallTicket {
    const start: Start = { at: this.#clock.now(), tokens };
    this.#starts.push(start);
    this.#tokens += tokens;
    this.#running++;
    let isOver = false;
    return {
      used: (really) => {
        if (this.#starts.includes(start)) this.#tokens += really - start.tokens;
        start.tokens = really;
      },
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        this.#running--;
        this.#advance();
      },
    };
  }
}
