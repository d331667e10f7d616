import type { Context } from "../../context.ts";
import { ConflictError } from "../../core/errors.ts";
import type { CancelAction, Run, RunStatus } from "../../domain/run.ts";
import { ended } from "./join.ts";
import { getRun } from "./read.ts";

export interface CancelRun {
  thread_id?: string | undefined;
  run_id: string;
  action: CancelAction;
  wait: boolean;
  /** Why, for the log. */
  reason?: string | undefined;
}

/** Asks for the end of a run; with `wait` resolves only when it has ended. */
export async function cancelRun(ctx: Context, input: CancelRun): Promise<void> {
  const { run_id } = await getRun(ctx, input, "update");
  const was = await requestCancel(ctx, run_id, input.action);
  if (was !== "pending" && was !== "running")
    throw new ConflictError(`Run ${run_id} has already ended`);
  const { action, reason } = input;
  if (reason !== undefined) ctx.log.info({ run_id, action, reason }, "a run was cancelled");
  if (was === "running" && input.wait)
    await ended(ctx, { run_id, signal: new AbortController().signal });
}

/** Asks for the end of a run that the actor may change; answers what its status was. */
export async function requestCancel(
  ctx: Context,
  run_id: string,
  action: CancelAction,
): Promise<RunStatus | undefined> {
  const was = await ctx.storage.runs.requestCancel(run_id, action, ctx.clock.now());
  if (was === "running") ctx.workers.cancel(run_id, action);
  else if (was === "pending") {
    ctx.bus.publish(run_id, []);
    ctx.workers.wake();
  }
  return was;
}

/** Ends a run because the client that started it went away, when that is what the client asked for. */
export async function leaveRun(ctx: Context, { run_id }: Run): Promise<void> {
  await requestCancel(ctx, run_id, "interrupt");
}

/** Deletes a run that is not running, with its events. */
export async function deleteRun(
  ctx: Context,
  input: { thread_id?: string | undefined; run_id: string },
): Promise<void> {
  const run = await getRun(ctx, input, "delete");
  await ctx.storage.runs.delete(run.run_id, ctx.clock.now());
  ctx.bus.publish(run.run_id, []);
}
