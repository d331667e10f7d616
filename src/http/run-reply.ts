import type { Context } from "../context.ts";
import type { Run } from "../domain/run.ts";
import { leaveRun } from "../services/runs/cancel.ts";
import {
  ended,
  followRun,
  isTooFarBehind,
  type JoinStream,
  resultOf,
} from "../services/runs/join.ts";
import type { ApiRequest } from "./route.ts";
import { lateJson, sse, type StreamOptions } from "./stream.ts";

/** A run that a client is answered with. */
export interface RunReply {
  ctx: Context;
  run: Run;
  /** Path of the run as its client knows it. */
  path: string;
  /** What becomes of the run when the client goes away. */
  leaves: "cancel" | "continue";
  headers?: Record<string, string>;
}

export const pathOf = (run: Run, isStateless: boolean): string =>
  isStateless ? `/runs/${run.run_id}` : `/threads/${run.thread_id}/runs/${run.run_id}`;

function streamOptions(
  { ctx, run, path, leaves, headers }: RunReply,
  controller: AbortController,
): StreamOptions {
  return {
    heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
    headers: { ...headers, "content-location": path, location: `${path}/stream` },
    controller,
    onFailure: (error) => ctx.log.error({ err: error, run_id: run.run_id }, "a stream broke off"),
    onLeave: () => {
      if (leaves === "cancel")
        leaveRun(ctx, run).catch((error: unknown) =>
          ctx.log.error({ err: error }, "could not cancel a left run"),
        );
    },
  };
}

/** Answers with the events of a run. */
export function streamReply(
  reply: RunReply,
  join: Omit<JoinStream, "signal">,
  { drop }: Pick<ApiRequest<unknown, unknown, unknown>, "drop">,
): Response {
  const { ctx, run } = reply;
  const controller = new AbortController();
  const frames = followRun(ctx, run, { ...join, signal: controller.signal });
  return sse(frames, {
    ...streamOptions(reply, controller),
    isTooFarBehind: (id) => isTooFarBehind(ctx, run, id),
    drop,
  });
}

/** Answers with the result of a run once it has ended. */
export function waitReply(reply: RunReply): Response {
  const controller = new AbortController();
  const value = async () => {
    await ended(reply.ctx, { run_id: reply.run.run_id, signal: controller.signal });
    return resultOf(reply.ctx, reply.run);
  };
  return lateJson(value, streamOptions(reply, controller));
}
