import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { ThreadStorage, ThreadTtl } from "../../domain/thread.ts";
import { allowed } from "../access.ts";
import { getThread } from "../threads/find.ts";
import { thinOut } from "./thin-out.ts";

/** Deletes threads, or all but their newest state; those that are missing or busy are left out. Answers how many. */
export async function pruneThreads(
  ctx: Context,
  input: { thread_ids: string[]; strategy: ThreadTtl["strategy"] },
): Promise<number> {
  let count = 0;
  for (const thread_id of new Set(input.thread_ids)) {
    if (await pruneThread(ctx, { thread_id, strategy: input.strategy })) count += 1;
  }
  return count;
}

async function pruneThread(
  ctx: Context,
  { thread_id, strategy }: { thread_id: string; strategy: ThreadTtl["strategy"] },
): Promise<boolean> {
  const { pruning, removals, threads } = ctx.storage;
  const access = await allowed(ctx, "threads:delete", { thread_id });
  if (access && !(await threads.find(thread_id, access))) return false;
  if (strategy === "keep_latest") return (await thinOut(ctx, thread_id, 1)) !== undefined;
  if (!(await pruning.deleteThread(thread_id))) return false;
  while (await removals.clear(thread_id));
  return true;
}

/** Bytes that a thread takes in the database, by section and in all. */
export async function threadStorage(
  ctx: Context,
  input: { thread_id: string },
): Promise<ThreadStorage & { total: number }> {
  await getThread(ctx, input);
  const storage = await ctx.storage.pruning.storageOf(input.thread_id);
  if (!storage) throw new NotFoundError("Thread", input.thread_id);
  return { ...storage, total: Object.values(storage).reduce((sum, bytes) => sum + bytes, 0) };
}
