import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Thread } from "../../domain/thread.ts";
import { allowed } from "../access.ts";

type Deed = "read" | "update" | "delete" | "create_run";

/** A thread that the actor may see, and do with what it wants to. */
export async function getThread(
  ctx: Context,
  input: { thread_id: string },
  deed: Deed = "read",
): Promise<Thread> {
  const access = await allowed(ctx, `threads:${deed}`, input);
  const thread = await ctx.storage.threads.find(input.thread_id, access);
  if (!thread) throw new NotFoundError("Thread", input.thread_id);
  return thread;
}
