import type { Context } from "../../context.ts";

/** Checkpoints, and pieces of their values, of one commit: few, so that no run waits long for them. */
const CHECKPOINTS = 100;
const PARTS = 100;

/**
 * Deletes all but the newest checkpoints of a thread, in small commits, and then what nothing needs any
 * more. Answers how many checkpoints went; undefined when the thread is missing or busy.
 */
export async function thinOut(
  { storage: { pruning } }: Pick<Context, "storage">,
  thread_id: string,
  keep: number,
): Promise<number | undefined> {
  const old = await pruning.oldCheckpoints(thread_id, keep);
  if (!old) return undefined;
  const { places } = old;
  for (const some of chunksOf(places, CHECKPOINTS)) {
    // A run has begun: what is left goes after it.
    if (!(await pruning.dropCheckpoints(thread_id, { seen: old.seen, places: some })))
      return undefined;
  }
  if (places.length > 0 && !(await dropUnusedParts(pruning, thread_id))) return undefined;
  if (keep === 1) await pruning.markPruned(thread_id, old.seen);
  return places.length;
}

/** False when the thread changed meanwhile. */
async function dropUnusedParts(
  pruning: Context["storage"]["pruning"],
  thread_id: string,
): Promise<boolean> {
  const unused = await pruning.unusedParts(thread_id);
  if (!unused) return false;
  const { seen, partIds } = unused;
  for (const some of chunksOf(partIds, PARTS)) {
    if (!(await pruning.dropParts(thread_id, { seen, partIds: some }))) return false;
  }
  return true;
}

function* chunksOf<T>(list: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < list.length; start += size) yield list.slice(start, start + size);
}
