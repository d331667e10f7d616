import type { Context } from "../../context.ts";
import { dayOf } from "../../domain/usage.ts";
import { thinOut } from "./thin-out.ts";

/** Rows of one commit, and threads or runs of one look: small, so that no run waits long for them. */
const ROWS = 500;
const BATCH = 50;
/** How long an ended stateless run can still be read. */
const KEEP_TEMPORARY_MS = 10 * 60_000;

/** Ends the lives of threads that nothing has changed for their time to live: so many at most. */
export async function expireThreads(ctx: Context, signal: AbortSignal): Promise<void> {
  const { pruning } = ctx.storage;
  let left = ctx.langgraph.threadSweep.limit;
  while (!signal.aborted && left > 0) {
    const now = ctx.clock.now();
    const expired = await pruning.expired(now, Math.min(BATCH, left));
    left -= expired.length;
    let count = 0;
    for (const { thread_id, strategy } of expired) {
      const isDone =
        strategy === "delete"
          ? await pruning.deleteThread(thread_id, now)
          : (await thinOut(ctx, thread_id, 1)) !== undefined;
      if (isDone) count += 1;
    }
    if (expired.length < BATCH || count === 0) return;
  }
}

/** Clears away, in small commits, the rows of what was deleted. */
export async function clearRemoved(ctx: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await ctx.storage.removals.clear()));
}

/** The same of documents, and of what was begun of one and never finished. */
export async function clearKnowledge(ctx: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await ctx.storage.knowledge.clear(ctx.clock.now())));
}

/** Deletes the threads of stateless runs that ended a while ago. */
export async function expireTemporary(ctx: Context, signal: AbortSignal): Promise<void> {
  const before = ctx.clock.now() - KEEP_TEMPORARY_MS;
  while (!signal.aborted && (await ctx.storage.runs.sweepTemporary(before, BATCH)) === BATCH);
}

/** Deletes the events of runs that ended a while ago. */
export async function dropOldEvents(ctx: Context, signal: AbortSignal): Promise<void> {
  const { pruning } = ctx.storage;
  const endedBefore = ctx.clock.now() - ctx.settings.event_retention_seconds * 1000;
  while (!signal.aborted) {
    const runs = await pruning.runsToDrop(endedBefore, BATCH);
    for (const run_id of runs) while ((await pruning.dropEvents(run_id, ROWS)) === ROWS);
    if (runs.length < BATCH) return;
  }
}

/** Where a walk over all that has changed has come to. */
export interface Walk {
  threads: { updated_at: number; thread_id: string };
  runsAfter: number;
}

export const newWalk = (): Walk => ({
  threads: { updated_at: 0, thread_id: "" },
  runsAfter: 0,
});

/** Deletes the events of ended runs beyond the number to keep. */
export async function trimLongRuns(ctx: Context, walk: Walk, signal: AbortSignal): Promise<void> {
  const { pruning } = ctx.storage;
  const keep = ctx.settings.event_retention_count;
  while (!signal.aborted) {
    const runs = await pruning.longRuns({ after: walk.runsAfter, keep, limit: BATCH });
    for (const { run_id, updated_at } of runs) {
      while ((await pruning.trimEvents(run_id, { keep, limit: ROWS })) === ROWS);
      walk.runsAfter = updated_at;
    }
    if (runs.length < BATCH) return;
  }
}

/** Deletes all but the newest checkpoints of threads that have changed since the last time. */
export async function thinOutThreads(ctx: Context, walk: Walk, signal: AbortSignal): Promise<void> {
  const { pruning } = ctx.storage;
  const keep = ctx.settings.checkpoints_keep;
  if (keep === 0) return;
  while (!signal.aborted) {
    const threads = await pruning.changed(walk.threads, BATCH);
    for (const thread of threads) {
      // A busy one changes once more when it ends, and comes by again.
      await thinOut(ctx, thread.thread_id, keep);
      walk.threads = thread;
    }
    if (threads.length < BATCH) return;
  }
}

const DAY_MS = 24 * 3_600_000;

/** How long it can be looked up what a run that ended has spent of a budget per run. */
const KEEP_RUN_SPENDS_MS = DAY_MS;

/** Gives back what dead processes hold of budgets; deletes old spends of runs, and calls where a setting says so. */
export async function sweepUsage({ storage, settings, clock }: Context): Promise<void> {
  const now = clock.now();
  await storage.budgets.release(now);
  while ((await storage.budgets.sweepRuns(now - KEEP_RUN_SPENDS_MS, ROWS)) === ROWS);
  const { usage_retention_days: days } = settings;
  if (days === 0) return;
  const before = now - days * DAY_MS;
  while ((await storage.usage.sweep(before, ROWS)) === ROWS);
  while ((await storage.usage.foldThreads(dayOf(before), ROWS)) === ROWS);
}
/** Files of one commit: each may have megabytes. */
const FILES = 20;
/** How long what became of a webhook can be looked up. */
const KEEP_DELIVERED_MS = 7 * DAY_MS;
const KEEP_DEAD_MS = 30 * DAY_MS;

/** Deletes keys whose day is over, and deliveries that ended long ago. */
export async function sweepRecords(ctx: Context): Promise<void> {
  const { idempotency, webhooks } = ctx.storage;
  const now = ctx.clock.now();
  while ((await idempotency.sweep(now, ROWS)) === ROWS);
  const keptDays = ctx.settings.file_retention_days;
  if (keptDays > 0) {
    const before = now - keptDays * DAY_MS;
    while ((await ctx.storage.files.sweep(before, FILES)) === FILES);
  }
  const kept = { delivered: KEEP_DELIVERED_MS, dead: KEEP_DEAD_MS } as const;
  for (const status of ["delivered", "dead"] as const) {
    const query = { status, before: now - kept[status], limit: ROWS };
    while ((await webhooks.sweep(query)) === ROWS);
  }
}

/** Deletes the items of the store whose time has passed. */
export async function expireItems(ctx: Context, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await ctx.storage.items.sweep(ctx.clock.now(), ROWS)) === ROWS);
}
