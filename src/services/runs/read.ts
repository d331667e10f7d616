import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Run, RunStatus } from "../../domain/run.ts";
import { allowed } from "../access.ts";
import { getThread } from "../threads/find.ts";

interface RunAddress {
  run_id: string;
  /** Undefined on the stateless routes, which name the run alone. */
  thread_id?: string | undefined;
}

/** A run of a thread that the actor may see, and do with what it wants to. */
export async function getRun(
  ctx: Context,
  input: RunAddress,
  deed: "read" | "update" | "delete" = "read",
): Promise<Run> {
  const { run_id, thread_id } = input;
  const access = await allowed(ctx, `threads:${deed}`, { ...input });
  const run = await ctx.storage.runs.find(run_id);
  const isOfThread = thread_id === undefined || run?.thread_id === thread_id;
  if (run && isOfThread && (!access || (await ctx.storage.threads.find(run.thread_id, access))))
    return run;
  throw new NotFoundError("Run", run_id);
}

export async function listRuns(
  ctx: Context,
  input: { thread_id: string; limit: number; offset: number; status?: RunStatus | undefined },
): Promise<Run[]> {
  await getThread(ctx, input);
  const { thread_id, limit, offset, status } = input;
  return ctx.storage.runs.list(thread_id, { limit, offset, ...(status ? { status } : {}) });
}
