import type { Context } from "../../context.ts";
import type { UsageSums } from "../../domain/usage.ts";

type SumsById = ReadonlyMap<string, readonly UsageSums[]>;

/** What each of these runs has used so far; the caller has seen to it that the actor may see them. */
export const usageOfRuns = (ctx: Context, runs: readonly { run_id: string }[]): Promise<SumsById> =>
  ctx.storage.usage.ofRuns(runs.map(({ run_id }) => run_id));

/** As `usageOfRuns`, of threads with all the runs they had. */
export const usageOfThreads = (
  ctx: Context,
  threads: readonly { thread_id: string }[],
): Promise<SumsById> => ctx.storage.usage.ofThreads(threads.map(({ thread_id }) => thread_id));
