import type { ThreadWatch } from "./port.ts";

/** Who waits for new runs of a thread, in this process. */
export class ThreadWatches {
  readonly #watches = new Map<string, Set<Watch>>();

  open(threadId: string): ThreadWatch {
    const watch = new Watch(() => {
      const watches = this.#watches.get(threadId);
      watches?.delete(watch);
      if (watches?.size === 0) this.#watches.delete(threadId);
    });
    const watches = this.#watches.get(threadId) ?? new Set();
    this.#watches.set(threadId, watches.add(watch));
    return watch;
  }

  /** Tells those who watch the threads; without ids all, since anything may have happened. */
  tell(threadIds: readonly string[]): void {
    for (const threadId of threadIds.length > 0 ? threadIds : this.#watches.keys())
      for (const watch of this.#watches.get(threadId) ?? []) watch.tell();
  }
}

class Watch implements ThreadWatch {
  readonly close: () => void;
  #isTold = false;
  #resume: () => void = () => undefined;

  constructor(close: () => void) {
    this.close = close;
  }

  tell(): void {
    this.#isTold = true;
    this.#resume();
  }

  async changed({ signal, withinMs }: { signal: AbortSignal; withinMs?: number }): Promise<void> {
    if (!this.#isTold && !signal.aborted)
      await new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener("abort", end);
          resolve();
        };
        const timer = withinMs === undefined ? undefined : setTimeout(end, withinMs);
        signal.addEventListener("abort", end);
        this.#resume = end;
      });
    this.#isTold = false;
  }
}
