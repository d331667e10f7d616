import type { Context } from "../context.ts";
import { advanceTask } from "../services/tasks/advance.ts";
import { TASK_LEASE_MS } from "../services/tasks/lease.ts";
import { workOnDue } from "./flights.ts";

const CONCURRENCY = 16;

/** Goes on with all tasks that are due. */
export async function advanceDue(ctx: Context, signal: AbortSignal): Promise<void> {
  const { storage, clock, log } = ctx;
  await workOnDue(
    {
      take: (limit) => storage.tasks.take({ now: clock.now(), leaseMs: TASK_LEASE_MS, limit }),
      work: (task) => advanceTask(ctx, task, signal),
      onError: (error, { task_id }) => log.error({ err: error, task_id }, "a task was left"),
      width: CONCURRENCY,
    },
    signal,
  );
}
