import type { Context } from "../context.ts";
import {
  dropOldEvents,
  expireThreads,
  newWalk,
  sweepRecords,
  thinOutThreads,
  trimLongRuns,
} from "../services/maintenance/retention.ts";

/** Makes room in the background: each call goes on where the last one came to. */
export function createSweeper(ctx: Context): (signal: AbortSignal) => Promise<void> {
  const walk = newWalk();
  return async (signal) => {
    await expireThreads(ctx, signal);
    await dropOldEvents(ctx, signal);
    await trimLongRuns(ctx, walk, signal);
    await thinOutThreads(ctx, walk, signal);
    if (!signal.aborted) await sweepRecords(ctx);
  };
}
