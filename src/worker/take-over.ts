import type { Context } from "../context.ts";

/** Puts the runs a dead process left behind back into the queue. */
export async function takeOver({ settings, storage, clock, log }: Context): Promise<void> {
  // Runs of a shared database may be those of a process that lives: only a lease that ended tells.
  const isShared = settings.database_url !== undefined;
  const now = clock.now();
  const runs = await (isShared ? storage.runs.reclaim(now) : storage.runs.takeOver(now));
  // What the only process of a database held before is held for nothing.
  await storage.budgets.release(isShared ? now : Number.MAX_SAFE_INTEGER);
  for (const { run_id, thread_id, crashes } of runs)
    log.warn({ run_id, thread_id, crashes }, "took over a run that a dead process left");
}
