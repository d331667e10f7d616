import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Thread, ThreadTtl } from "../../domain/thread.ts";
import { allowed, allowedWith } from "../access.ts";

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
  const running = await ctx.storage.runs.list(input.thread_id, { limit: 1000, offset: 0 });
  const existed = await ctx.storage.threads.delete(input.thread_id, access);
  if (!existed) throw new NotFoundError("Thread", input.thread_id);
  for (const { run_id } of running) {
    ctx.workers.cancel(run_id, "rollback");
    ctx.bus.publish(run_id, []);
  }
}
