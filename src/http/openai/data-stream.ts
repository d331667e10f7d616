import type { JsonObject } from "../../core/json.ts";
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
  return answerWith(withDone(batches), (data) => `data: ${data}\n\n`, { headers, ...options });
}

/** Answers with server-sent events that are named by their type, as the Responses API has them. */
export function eventStream(
  batches: AsyncGenerator<JsonObject[], void>,
  options: DataStreamOptions,
): Response {
  return answerWith(batches, namedEvent, options);
}

const namedEvent = (event: JsonObject): string => {
  const { type } = event;
  const name = typeof type === "string" ? `event: ${type}\n` : "";
  return `${name}data: ${JSON.stringify(event)}\n\n`;
};

function answerWith<T>(
  batches: AsyncGenerator<T[], void>,
  toText: (one: T) => string,
  { headers, ...options }: DataStreamOptions,
): Response {
  const body = new PiecewiseBody(batches, {
    ...options,
    text: (batch) => batch.map(toText).join(""),
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
