import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { Thread } from "../../domain/thread.ts";
import { allowedToCreate } from "../access.ts";
import { getThread } from "./find.ts";

/**
 * A new thread with the metadata, the config and all checkpoints of another; its runs stay where they are. A
 * temporary one is for one run, and is deleted after it.
 */
export async function copyThread(
  ctx: Context,
  input: { thread_id: string; isTemporary?: boolean },
): Promise<Thread> {
  const source = await getThread(ctx, input);
  const thread_id = newId();
  const { metadata } = await allowedToCreate(ctx, "threads:create", {
    thread_id,
    metadata: source.metadata,
  });
  const now = ctx.clock.now();
  const isAsking = Object.keys(source.interrupts).length > 0;
  const copy: Thread = {
    ...source,
    thread_id,
    metadata,
    // A run of the other thread is none of this one.
    status: source.status === "busy" ? (isAsking ? "interrupted" : "idle") : source.status,
    created_at: now,
    updated_at: now,
    state_updated_at: now,
  };
  if (!(await ctx.storage.threads.copy(source.thread_id, copy, input)))
    throw new NotFoundError("Thread", input.thread_id);
  return copy;
}
