import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Run } from "../../domain/run.ts";
import type { Thread, ThreadTtl } from "../../domain/thread.ts";
import { allowed, allowedWith } from "../access.ts";

/** As many as wait at most, with the usual settings. */
const MAX_ACTIVE = 10_000;

/** Merges metadata key by key, and sets the time to live when one is given. */
export async function patchThread(
  ctx: Context,
  input: { thread_id: string; metadata: JsonObject; ttl?: ThreadTtl | undefined },
): Promise<Thread> {
  const { thread_id } = input;
  const { filter, value } = await allowedWith(ctx, "threads:update", {
    thread_id,
    metadata: { ...input.metadata },
  });
  const thread = await ctx.storage.threads.patch(thread_id, {
    metadata: value.metadata,
    ...(input.ttl ? { ttl: input.ttl } : {}),
    now: ctx.clock.now(),
    access: filter,
  });
  if (!thread) throw new NotFoundError("Thread", thread_id);
  return thread;
}

/** Deletes a thread with its runs, events and checkpoints; a running run of it is aborted. */
export async function deleteThread(ctx: Context, input: { thread_id: string }): Promise<void> {
  const access = await allowed(ctx, "threads:delete", input);
  const active = await activeRuns(ctx, input.thread_id);
  const existed = await ctx.storage.threads.delete(input.thread_id, access);
  if (!existed) throw new NotFoundError("Thread", input.thread_id);
  for (const { run_id } of active) {
    ctx.workers.cancel(run_id, "rollback");
    ctx.bus.publish(run_id, []);
  }
  // It is gone already; what it leaves behind goes in small commits, which a crash may put off.
  while (await ctx.storage.removals.clear(input.thread_id));
}

async function activeRuns({ storage: { runs } }: Context, thread_id: string): Promise<Run[]> {
  const all = { limit: MAX_ACTIVE, offset: 0 };
  const [running, pending] = await Promise.all([
    runs.list(thread_id, { ...all, status: "running" }),
    runs.list(thread_id, { ...all, status: "pending" }),
  ]);
  return [...running, ...pending];
}
