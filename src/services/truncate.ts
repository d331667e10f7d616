import type { Context } from "../context.ts";

interface Kinds {
  runs?: boolean | undefined;
  threads?: boolean | undefined;
  assistants?: boolean | undefined;
  checkpointer?: boolean | undefined;
  store?: boolean | undefined;
}

/** Deletes rows by kind; system assistants stay. For tests only. */
export async function truncate(
  ctx: Context,
  { runs, threads, assistants, checkpointer, store }: Kinds,
): Promise<void> {
  await ctx.storage.truncate({
    runs: runs ?? false,
    threads: threads ?? false,
    assistants: assistants ?? false,
    checkpointer: checkpointer ?? false,
    store: store ?? false,
  });
}
