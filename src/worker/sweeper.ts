import type { Context } from "../context.ts";
import {
  dropOldEvents,
  expireItems,
  clearKnowledge,
  clearRemoved,
  expireTemporary,
  expireThreads,
  newWalk,
  sweepRecords,
  sweepUsage,
  thinOutThreads,
  trimLongRuns,
} from "../services/maintenance/retention.ts";

const MINUTE_MS = 60_000;

type Job = (ctx: Context, signal: AbortSignal) => Promise<void>;

/** A job that is done at most once in so many minutes. */
function paced(job: Job, everyMinutes: number): Job {
  let dueAt = 0;
  return async (ctx, signal) => {
    const now = ctx.clock.now();
    if (now < dueAt) return;
    await job(ctx, signal);
    dueAt = now + everyMinutes * MINUTE_MS;
  };
}

/** Makes room in the background: each call goes on where the last one came to. */
export function createSweeper(ctx: Context): (signal: AbortSignal) => Promise<void> {
  const walk = newWalk();
  const expire = paced(expireThreads, ctx.langgraph.threadSweep.everyMinutes);
  const sweepItems = paced(expireItems, ctx.langgraph.store.sweepMinutes);
  return async (signal) => {
    await expire(ctx, signal);
    await sweepItems(ctx, signal);
    await expireTemporary(ctx, signal);
    await clearRemoved(ctx, signal);
    await clearKnowledge(ctx, signal);
    await dropOldEvents(ctx, signal);
    await trimLongRuns(ctx, walk, signal);
    await thinOutThreads(ctx, walk, signal);
    if (!signal.aborted) await sweepRecords(ctx);
    if (!signal.aborted) await sweepUsage(ctx);
  };
}
