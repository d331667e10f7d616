/** Consecutive parts of a list, each of `size` at most. */
export function batchesOf<Item>(items: readonly Item[], size: number): Item[][] {
  const batches: Item[][] = [];
  for (let start = 0; start < items.length; start += size)
    batches.push(items.slice(start, start + size));
  return batches;
}

/**
 * Does the work of all batches, a few at a time, and answers their results in order. The first
 * failure stops the others and is the one that is thrown.
 */
export async function inBatches<Item, Result>(
  batches: readonly Item[],
  { width, signal }: { width: number; signal: AbortSignal | undefined },
  work: (batch: Item, signal: AbortSignal) => Promise<Result>,
): Promise<Result[]> {
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const results: Result[] = [];
  const waiting = batches.entries();
  let failure: { error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    for (const [index, batch] of waiting) {
      if (stop.aborted) return;
      try {
        results[index] = await work(batch, stop);
      } catch (error) {
        failure ??= { error };
        failed.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, batches.length) }, lane));
  if (failure !== undefined) throw failure.error;
  signal?.throwIfAborted();
  return results;
}
