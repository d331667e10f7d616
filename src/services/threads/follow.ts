import type { Context, ProtocolBatch } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Subscription } from "../../domain/protocol.ts";
import type { Run } from "../../domain/run.ts";
import { getThread } from "./find.ts";

/** Runs that ended so shortly ago are read once more, for a client that comes a moment after them. */
const JUST_ENDED_MS = 10_000;
/** How often to look for a run of another process, should the signal of it be lost. */
const POLL_MS = 1000;

export interface FollowThread {
  thread_id: string;
  /** From the runs on that had not ended by this time; by default from the newest runs. */
  endedSince?: number | undefined;
  signal: AbortSignal;
}

/**
 * The runs of a thread in the order they are executed, those there are and those to come, until the
 * abort. The thread need not be there yet: it may be made with its first run.
 */
export async function* runsOfThread(
  ctx: Context,
  { thread_id, endedSince, signal }: FollowThread,
): AsyncGenerator<Run, void> {
  const watch = ctx.bus.watchThread(thread_id);
  let last: Run | undefined;
  try {
    while (!signal.aborted) {
      const now = ctx.clock.now();
      const run = await ((await isThere(ctx, thread_id))
        ? nextRun(ctx, { thread_id, last, endedSince: endedSince ?? now - JUST_ENDED_MS })
        : undefined);
      const dueIn = run ? run.created_at - now : undefined;
      if (run && run.created_at <= now) {
        last = run;
        yield run;
      } else {
        const isShared = ctx.settings.database_url !== undefined;
        const withinMs = Math.min(dueIn ?? POLL_MS, POLL_MS);
        await watch.changed(isShared || dueIn !== undefined ? { signal, withinMs } : { signal });
      }
    }
  } finally {
    watch.close();
  }
}

async function nextRun(
  { storage: { runs } }: Context,
  { thread_id, last, endedSince }: { thread_id: string; last: Run | undefined; endedSince: number },
): Promise<Run | undefined> {
  if (last) return runs.next(thread_id, { after: last });
  const [newest] = await runs.list(thread_id, { limit: 1, offset: 0 });
  return newest && ((await runs.next(thread_id, { endedSince })) ?? newest);
}

async function isThere(ctx: Context, thread_id: string): Promise<boolean> {
  try {
    await getThread(ctx, { thread_id });
    return true;
  } catch (error) {
    if (error instanceof NotFoundError) return false;
    throw error;
  }
}

/** Events of the event protocol over all runs of a thread, kept and to come. */
export async function* followProtocol(
  ctx: Context,
  input: FollowThread & { wants: readonly Subscription[]; since: number | undefined },
): AsyncGenerator<ProtocolBatch, void> {
  const { wants, since, signal } = input;
  for await (const run of runsOfThread(ctx, input))
    yield* ctx.streams.protocol(run, { wants, since, signal });
}
