import type { Context } from "../../context.ts";
import { ConflictError } from "../../core/errors.ts";
import type { CancelAction } from "../../domain/run.ts";
import { ended } from "./join.ts";
import { getRun } from "./read.ts";

/** Asks for the end of a run; with `wait` resolves only when it has ended. */
export async function cancelRun(
  ctx: Context,
  input: { thread_id?: string | undefined; run_id: string; action: CancelAction; wait: boolean },
): Promise<void> {
  const run = await getRun(ctx, input, "update");
  const was = await ctx.storage.runs.requestCancel(run.run_id, input.action, ctx.clock.now());
  if (was !== "pending" && was !== "running")
    throw new ConflictError(`Run ${run.run_id} has already ended`);
  if (was === "running") {
    ctx.workers.cancel(run.run_id, input.action);
    if (input.wait) await ended(ctx, { run_id: run.run_id, signal: new AbortController().signal });
    return;
  }
  ctx.bus.publish(run.run_id, []);
  ctx.workers.wake();
}

/** Deletes a run that is not running, with its events. */
export async function deleteRun(
  ctx: Context,
  input: { thread_id: string; run_id: string },
): Promise<void> {
  const run = await getRun(ctx, input, "delete");
  await ctx.storage.runs.delete(run.run_id, ctx.clock.now());
  ctx.bus.publish(run.run_id, []);
}
