import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { CancelAction } from "../../domain/run.ts";
import { allowed } from "../access.ts";
import { getThread } from "../threads/find.ts";
import { requestCancel } from "./cancel.ts";
import { getRun } from "./read.ts";

const PAGE = 500;

interface CancelMany {
  action: CancelAction;
  /** Only runs of this thread. */
  thread_id?: string | undefined;
}

/** Asks for the end of all runs of these states; answers how many. */
export async function cancelByStatus(
  ctx: Context,
  input: CancelMany & { status: "pending" | "running" | "all" },
): Promise<number> {
  const { thread_id, status, action } = input;
  if (thread_id !== undefined) await getThread(ctx, { thread_id }, "update");
  const access = await allowed(ctx, "threads:update", { thread_id, status });
  const wanted = status === "all" ? (["pending", "running"] as const) : ([status] as const);
  let count = 0;
  for (let after: string | undefined; ;) {
    const query = { status: wanted, thread_id, access, after, limit: PAGE };
    const runs = await ctx.storage.runs.active(query);
    for (const { run_id } of runs) {
      const was = await requestCancel(ctx, run_id, action);
      if (was === "pending" || was === "running") count += 1;
    }
    after = runs.at(-1)?.run_id;
    if (runs.length < PAGE) return count;
  }
}

/** Asks for the end of these runs; those that have ended are left alone. None when one is not there. */
export async function cancelRuns(
  ctx: Context,
  input: CancelMany & { run_ids: readonly string[] },
): Promise<void> {
  const { thread_id, action } = input;
  const ids = new Set(input.run_ids);
  for (const run_id of ids) await getRun(ctx, { run_id, thread_id }, "update");
  for (const run_id of ids) {
    const was = await requestCancel(ctx, run_id, action);
    if (was === undefined) throw new NotFoundError("Run", run_id);
  }
}
