import type { Context } from "../context.ts";
import { type Due, fireCron } from "../services/crons/fire.ts";

const BATCH = 100;

const isDue = (cron: { next_run_at: number | null }): cron is Due => cron.next_run_at !== null;

/** Starts the runs of all slots of crons that have come. */
export async function fireDueCrons(ctx: Context, signal: AbortSignal): Promise<void> {
  const failed = new Set<string>();
  while (!signal.aborted) {
    const due = (await ctx.storage.crons.due(ctx.clock.now(), BATCH)).filter(
      (cron): cron is Due => isDue(cron) && !failed.has(cron.cron_id),
    );
    if (due.length === 0) return;
    for (const cron of due) {
      await fireCron(ctx, cron).catch((error: unknown) => {
        failed.add(cron.cron_id);
        ctx.log.error({ err: error, cron_id: cron.cron_id }, "could not fire a cron; trying again");
      });
    }
  }
}
