import type { Context } from "../../context.ts";
import { AppError, ConflictError, NotFoundError } from "../../core/errors.ts";
import { derivedId } from "../../core/ids.ts";
import { type Cron, slotPlan } from "../../domain/cron.ts";
import { createRun } from "../runs/create.ts";

export type Due = Cron & { next_run_at: number };

/** What is wrong with the server for now, and not with the cron. */
const PASSING = new Set(["limit", "unavailable", "storage_full", "storage_damaged"]);

/**
 * Starts the run of a slot that has come, then moves on to the next slot. The id of the run is made
 * from the slot, so whoever else does the same, or does it again after a crash, starts no second one.
 */
export async function fireCron(ctx: Context, cron: Due): Promise<void> {
  const { fires, next } = slotPlan(cron, ctx.clock.now(), ctx.settings.cron_catch_up);
  const slot = { cron_id: cron.cron_id, at: cron.next_run_at };
  const fields = { cron_id: cron.cron_id, slot: new Date(slot.at).toISOString() };
  if (!fires) ctx.log.warn(fields, "skipped a slot of a cron that was missed");
  else {
    try {
      await startRun(await onBehalfOf(ctx, cron), cron);
    } catch (error) {
      if (!(error instanceof AppError) || PASSING.has(error.code)) throw error;
      ctx.log.error({ ...fields, err: error }, "a cron could not start its run");
      // Without its thread or assistant no slot to come can be met either.
      const isGone = error instanceof NotFoundError;
      await ctx.storage.crons.advance(slot, { at: next, ...(isGone ? { enabled: false } : {}) });
      return;
    }
  }
  await ctx.storage.crons.advance(slot, { at: next });
}

/** A cron starts its runs as whoever has created it. */
const onBehalfOf = async (ctx: Context, { created_by: user }: Cron): Promise<Context> =>
  user ? { ...ctx, actor: await ctx.guard.recall(user) } : ctx;

async function startRun(ctx: Context, cron: Due): Promise<void> {
  const { payload, thread_id } = cron;
  const run_id = derivedId(`cron ${cron.cron_id} ${cron.next_run_at}`);
  if (await ctx.storage.runs.find(run_id)) return;
  try {
    await createRun(ctx, {
      ...payload,
      run_id,
      thread_id: thread_id ?? undefined,
      metadata: { ...cron.metadata, cron_id: cron.cron_id },
      stream_mode: payload.stream_mode ?? ["values"],
      stream_subgraphs: payload.stream_subgraphs ?? false,
      multitask_strategy: payload.multitask_strategy ?? "enqueue",
      on_disconnect: "continue",
      on_completion: cron.on_run_completed,
      if_not_exists: "reject",
      durability: payload.durability ?? "sync",
    });
  } catch (error) {
    // Another process has been faster.
    if (error instanceof ConflictError && (await ctx.storage.runs.find(run_id))) return;
    throw error;
  }
}
