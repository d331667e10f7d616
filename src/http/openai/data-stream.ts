import { PiecewiseBody, type PiecewiseOptions, piecewiseResponse } from "../piecewise-body.ts";

export interface DataStreamOptions extends Pick<
  PiecewiseOptions<unknown>,
  "heartbeatMs" | "controller" | "onLeave" | "onFailure" | "slow"
> {
  headers: Record<string, string>;
}

/** Answers with server-sent events as OpenAI has them: JSON alone, and `[DONE]` at the end. */
export function dataStream(
  batches: AsyncGenerator<string[], void>,
  { headers, ...options }: DataStreamOptions,
): Response {
  const body = new PiecewiseBody(withDone(batches), {
    ...options,
    text: (batch) => batch.map((data) => `data: ${data}\n\n`).join(""),
    heartbeat: ": heartbeat\n\n",
  });
  return piecewiseResponse(body, {
    ...headers,
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  });
}

async function* withDone(batches: AsyncGenerator<string[], void>): AsyncGenerator<string[], void> {
  yield* batches;
  yield ["[DONE]"];
}
