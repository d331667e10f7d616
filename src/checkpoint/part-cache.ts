import { Memo } from "./memo.ts";

/** About what a serialised byte takes in memory once it is read. */
const COST_PER_BYTE = 4;

const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;

/** A stored part as it was read: the ids of a chunk, a shared value, or what to make it of each time. */
export type ReadPart =
  | { chunk: string[] }
  | { value: unknown }
  | { root: string }
  | { bytes: Uint8Array };

/** The parts of one thread that are in memory. */
export interface ThreadParts {
  get(id: string): ReadPart | undefined;
  set(id: string, part: ReadPart, bytes: number): void;
}

/**
 * What a process has read of its threads, up to a bound; the thread used longest ago goes first. A
 * part's id is made from its content, so nothing here can be out of date.
 */
export class PartCache {
  readonly memo = new Memo();
  readonly #maxBytes: number;
  readonly #threads = new Map<string, { parts: ThreadParts; cost: number }>();
  #cost = 0;

  constructor(options: { maxBytes?: number } = {}) {
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  of(threadId: string): ThreadParts {
    const thread = this.#threads.get(threadId) ?? { parts: this.#empty(threadId), cost: 0 };
    this.#threads.delete(threadId);
    this.#threads.set(threadId, thread);
    return thread.parts;
  }

  forget(threadId: string): void {
    this.#cost -= this.#threads.get(threadId)?.cost ?? 0;
    this.#threads.delete(threadId);
  }

  #empty(threadId: string): ThreadParts {
    const kept = new Map<string, ReadPart>();
    const parts: ThreadParts = {
      get: (id) => kept.get(id),
      set: (id, part, bytes) => {
        kept.set(id, part);
        const thread = this.#threads.get(threadId);
        // One that was let go still serves those who read it.
        if (thread?.parts !== parts) return;
        thread.cost += bytes * COST_PER_BYTE;
        this.#cost += bytes * COST_PER_BYTE;
        this.#shrink();
      },
    };
    return parts;
  }

  #shrink(): void {
    for (const threadId of this.#threads.keys()) {
      if (this.#cost <= this.#maxBytes) return;
      this.forget(threadId);
    }
  }
}
