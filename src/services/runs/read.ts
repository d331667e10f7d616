import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Run, RunStatus } from "../../domain/run.ts";
import { getThread } from "../threads/find.ts";

interface RunAddress {
  run_id: string;
  /** Undefined on the stateless routes, which name the run alone. */
  thread_id?: string | undefined;
}

export async function getRun(ctx: Context, input: RunAddress): Promise<Run> {
  const run = await ctx.storage.runs.find(input.run_id);
  if (!run || (input.thread_id !== undefined && run.thread_id !== input.thread_id))
    throw new NotFoundError("Run", input.run_id);
  return run;
}

export async function listRuns(
  ctx: Context,
  input: { thread_id: string; limit: number; offset: number; status?: RunStatus | undefined },
): Promise<Run[]> {
  await getThread(ctx, input);
  const { thread_id, limit, offset, status } = input;
  return ctx.storage.runs.list(thread_id, { limit, offset, ...(status ? { status } : {}) });
}
