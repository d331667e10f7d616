import type { Context, Frame } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Run } from "../../domain/run.ts";
import { followRun } from "../runs/join.ts";
import { getRun } from "../runs/read.ts";
import { getThread } from "./find.ts";
import { runsOfThread } from "./follow.ts";
import { getState } from "./state.ts";

export const THREAD_STREAM_MODES = ["run_modes", "lifecycle", "state_update"] as const;
type ThreadStreamMode = (typeof THREAD_STREAM_MODES)[number];

export interface FollowThreadStream {
  thread_id: string;
  modes: readonly ThreadStreamMode[];
  /** The last id the client has, `-` for the start of the thread; undefined for what happens from now on. */
  after: string | undefined;
  signal: AbortSignal;
}

/** Where a stream is: at a frame of a run, or, without one, after that run. */
interface Place {
  run_id: string;
  frame: string;
}

const ENDED = new Set(["success", "error", "timeout", "interrupted"]);

/** An id of the stream of a thread: the run, and the frame of the run. */
function placeOf(after: string | undefined): Place | undefined {
  const match = /^(?<run_id>[0-9a-f-]{36}):(?<frame>.*)$/.exec(after ?? "");
  const { run_id, frame } = match?.groups ?? {};
  return run_id === undefined || frame === undefined ? undefined : { run_id, frame };
}

async function runAt(ctx: Context, thread_id: string, place: Place | undefined) {
  if (!place) return undefined;
  try {
    return await getRun(ctx, { thread_id, run_id: place.run_id });
  } catch (error) {
    // Rolled back or deleted since: what comes after it is not known, so the stream goes on from now.
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** What happens in a thread over all its runs, until the abort; refused for a thread that is not there. */
export async function followThread(
  ctx: Context,
  input: FollowThreadStream,
): Promise<AsyncGenerator<Frame[], void>> {
  await getThread(ctx, input);
  const place = placeOf(input.after);
  const last = await runAt(ctx, input.thread_id, place);
  return framesOfThread(ctx, input, last && place ? { run: last, frame: place.frame } : undefined);
}

async function* framesOfThread(
  ctx: Context,
  input: FollowThreadStream,
  last: { run: Run; frame: string } | undefined,
): AsyncGenerator<Frame[], void> {
  const { thread_id, after, signal } = input;
  const openedAt = ctx.clock.now();
  const endedSince = after === "-" ? 0 : last?.run.created_at;
  let isReached = last === undefined;
  for await (const run of runsOfThread(ctx, { thread_id, endedSince, signal })) {
    const isLast = run.run_id === last?.run.run_id;
    if (!isReached && !isLast) continue;
    isReached = true;
    const isPast = endedSince === undefined && ENDED.has(run.status) && run.updated_at <= openedAt;
    if (!isPast)
      yield* framesOfRun(ctx, { ...input, after: isLast ? last?.frame : undefined }, run);
  }
}

async function* framesOfRun(
  ctx: Context,
  { thread_id, modes, after, signal }: FollowThreadStream,
  run: Run,
): AsyncGenerator<Frame[], void> {
  const { run_id } = run;
  const isWhole = modes.includes("run_modes");
  const wants = ({ event }: Frame) =>
    isWhole || (event === "metadata" && modes.includes("lifecycle"));
  for await (const frames of followRun(ctx, run, { after, signal })) {
    const wanted = frames.filter((frame) => frame.event !== "end" && wants(frame));
    const here = wanted.map((frame) => ({ ...frame, id: `${run_id}:${frame.id}` }));
    if (here.length > 0) yield here;
    const end = frames.find(({ event }) => event === "end");
    if (!end || signal.aborted) continue;
    // The end of a run is not that of the stream, which clients would take the event `end` for.
    const frame = { id: `${run_id}:${end.id}`, event: "metadata", data: doneOf(end) };
    if (isWhole || modes.includes("lifecycle")) yield [frame];
    if (modes.includes("state_update")) {
      const state = await getState(ctx, { thread_id, subgraphs: false });
      yield [{ ...frame, event: "state_update", data: JSON.stringify(state) }];
    }
  }
}

function doneOf({ data }: Frame): string {
  const { run_id, status }: { run_id: string; status: string } = JSON.parse(data);
  return JSON.stringify({ run_id, status: "run_done", run_status: status });
}
