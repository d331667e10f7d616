import type { Context, Frame } from "../../context.ts";
import { isJsonObject, type Json } from "../../core/json.ts";
import type { Run, StreamMode } from "../../domain/run.ts";

export interface JoinStream {
  /** The modes to send; those of the run when not given. */
  modes?: readonly StreamMode[] | undefined;
  /** Only what comes from these namespaces or below, subgraphs or not. */
  namespaces?: readonly (readonly string[])[] | undefined;
  /** The last id the client has. */
  after: string | undefined;
  signal: AbortSignal;
}

/** The frames of a run, kept and to come. */
export function followRun(ctx: Context, run: Run, join: JoinStream): AsyncGenerator<Frame[], void> {
  const { stream_mode, stream_subgraphs } = run.kwargs;
  return ctx.streams.frames(run, {
    modes: join.modes ?? stream_mode,
    subgraphs: stream_subgraphs || join.namespaces !== undefined,
    namespaces: join.namespaces,
    after: join.after,
    signal: join.signal,
  });
}

/** Whether a client that has the frames of a run up to an id, and takes no more, misses too much of it. */
export async function isTooFarBehind(
  ctx: Context,
  { run_id }: Pick<Run, "run_id">,
  after: string | undefined,
): Promise<boolean> {
  const { reader_lag_events, reader_lag_bytes } = ctx.settings;
  const seq = Number.parseInt(after ?? "0", 10) || 0;
  try {
    const lag = await ctx.storage.events.lag(run_id, seq, { events: reader_lag_events });
    const isTooFar = lag.events > reader_lag_events || lag.bytes > reader_lag_bytes;
    if (isTooFar) ctx.log.warn({ run_id, ...lag }, "cuts off a client that stopped reading");
    return isTooFar;
  } catch (error) {
    // It is asked again soon, and nobody waits for the answer.
    ctx.log.error({ err: error, run_id }, "could not tell how far a client is behind");
    return false;
  }
}

/** Resolves when the run has ended, or at the abort. */
export async function ended(
  ctx: Context,
  input: { run_id: string; signal: AbortSignal },
): Promise<void> {
  const batches = ctx.bus.follow(input.run_id, { after: 0, signal: input.signal });
  while (!(await batches.next()).done);
}

/**
 * What a run came to: the values it left its thread with, with `__interrupt__` when it waits for an answer, or
 * `__error__` when it failed.
 */
export async function resultOf(ctx: Context, run: Run): Promise<Json> {
  const found = await ctx.storage.runs.find(run.run_id);
  if (!found && !(await ctx.storage.threads.find(run.thread_id))) return null;
  const latest = found ?? run;
  if (latest.error) return { __error__: latest.error };
  const { end_checkpoint_id, end_interrupts } = latest;
  const values =
    (await ctx.states.values(run.thread_id, end_checkpoint_id ?? undefined)) ??
    // The checkpoint may have been pruned since: then the thread has nothing but newer ones.
    (await ctx.states.values(run.thread_id));
  if (end_interrupts === null || !(values === null || isJsonObject(values))) return values;
  return { ...values, __interrupt__: end_interrupts };
}
