import { setTimeout as pause } from "node:timers/promises";

const LOOK_MS = 1000;

export interface Flights<Item> {
  /** Takes at most so many things that are due. */
  readonly take: (limit: number) => Promise<Item[]>;
  readonly work: (item: Item) => Promise<void>;
  /** Told of work that failed. */
  readonly onError: (error: unknown, item: Item) => void;
  readonly width: number;
}

/** Works on all that is due, several at a time, so that a slow one holds up no other. */
export async function workOnDue<Item>(
  { take, work, onError, width }: Flights<Item>,
  signal: AbortSignal,
): Promise<void> {
  const flying = new Set<Promise<void>>();
  const begin = (item: Item) => {
    const flight = work(item)
      .catch((error: unknown) => onError(error, item))
      .finally(() => flying.delete(flight));
    flying.add(flight);
  };
  while (!signal.aborted) {
    const due = await take(width - flying.size);
    for (const item of due) begin(item);
    if (flying.size === 0) return;
    if (due.length === 0 || flying.size === width) await landing(flying, signal);
  }
  await Promise.all(flying);
}

/** Resolves when one has landed, or it is time to look for new ones. */
async function landing(flying: Set<Promise<void>>, signal: AbortSignal): Promise<void> {
  const looking = new AbortController();
  const stop = AbortSignal.any([signal, looking.signal]);
  const timer = pause(LOOK_MS, undefined, { signal: stop, ref: false }).catch(() => undefined);
  await Promise.race([...flying, timer]);
  looking.abort();
}
