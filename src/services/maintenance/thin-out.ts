import type { Context } from "../../context.ts";

/** Checkpoints, and pieces of their values, of one commit: few, so that no run waits long for them. */
const CHECKPOINTS = 100;
const PARTS = 500;

/**
 * Deletes all but the newest checkpoints of a thread, in small commits, and then what nothing needs any
 * more. Answers how many checkpoints went; undefined when the thread is missing or busy.
 */
export async function thinOut(
  { storage: { pruning } }: Pick<Context, "storage">,
  thread_id: string,
  keep: number,
): Promise<number | undefined> {
  let total = 0;
  for (;;) {
    const removed = await pruning.keepNewest(thread_id, { keep, limit: CHECKPOINTS });
    if (removed === undefined) return undefined;
    total += removed;
    if (removed < CHECKPOINTS) break;
  }
  if (total === 0) return 0;
  const unused = await pruning.unusedParts(thread_id);
  if (!unused) return undefined;
  const { seen, partIds } = unused;
  for (let start = 0; start < partIds.length; start += PARTS) {
    const some = { seen, partIds: partIds.slice(start, start + PARTS) };
    // A run has begun: what is left goes after it.
    if (!(await pruning.dropParts(thread_id, some))) return total;
  }
  return total;
}
