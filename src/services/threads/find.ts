import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import type { Thread, ThreadFilter, ThreadSort } from "../../domain/thread.ts";

export async function getThread(ctx: Context, input: { thread_id: string }): Promise<Thread> {
  const thread = await ctx.storage.threads.find(input.thread_id);
  if (!thread) throw new NotFoundError("Thread", input.thread_id);
  return thread;
}

export function searchThreads(
  ctx: Context,
  input: { filter: ThreadFilter; page: Page<ThreadSort> },
): Promise<PageOf<Thread>> {
  return ctx.storage.threads.search(input.filter, input.page);
}
