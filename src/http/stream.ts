import type { Frame } from "../context.ts";
import { PiecewiseBody, type PiecewiseOptions, piecewiseResponse } from "./piecewise-body.ts";

export interface StreamOptions extends Pick<
  PiecewiseOptions<unknown>,
  "heartbeatMs" | "controller" | "onLeave" | "onFailure"
> {
  headers: Record<string, string>;
}

export interface SseOptions extends StreamOptions {
  /** Whether a client that has the frames up to this id, and takes no more, is not worth waiting for. */
  isTooFarBehind: (id: string | undefined) => Promise<boolean>;
  /** Drops the connection of such a client, which may come back for the rest. */
  drop?: (() => void) | undefined;
}

/** Answers with server-sent events; a comment line in every silence keeps the connection known alive. */
export function sse(frames: AsyncGenerator<Frame[], void>, options: SseOptions): Response {
  const headers = {
    ...options.headers,
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  };
  let last: string | undefined;
  const text = (batch: Frame[]): string => {
    last = batch.at(-1)?.id ?? last;
    return batch.map(encodeFrame).join("");
  };
  const slow = { isTooFarBehind: () => options.isTooFarBehind(last), drop: options.drop };
  const body = new PiecewiseBody(frames, { ...options, text, slow, heartbeat: ": heartbeat\n\n" });
  return piecewiseResponse(body, headers);
}

const encodeFrame = ({ id, event, data }: Frame): string =>
  `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;

/** Answers with one JSON value when it is there; newlines before it keep the connection alive. */
export function lateJson(value: () => Promise<unknown>, options: StreamOptions): Response {
  const source = async function* (): AsyncGenerator<unknown, void> {
    yield await value();
  };
  const body = new PiecewiseBody(source(), { ...options, text: JSON.stringify, heartbeat: "\n" });
  return piecewiseResponse(body, { ...options.headers, "content-type": "application/json" });
}
