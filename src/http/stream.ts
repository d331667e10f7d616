import type { Frame } from "../context.ts";
import { withHeartbeat } from "./heartbeat.ts";

const encoder = new TextEncoder();

export interface StreamOptions {
  heartbeatMs: number;
  headers: Record<string, string>;
  /** Called once when the client went away before the end. */
  onLeave(): void;
  /** Ends the source when the client has gone. */
  controller: AbortController;
}

/** Answers with server-sent events; a comment line in every silence keeps the connection known alive. */
export function sse(frames: AsyncGenerator<Frame[], void>, options: StreamOptions): Response {
  const headers = {
    ...options.headers,
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  };
  return new Response(body(withHeartbeat(frames, options.heartbeatMs), sseText, options), {
    headers,
  });
}

const sseText = (batch: Frame[] | undefined): string =>
  batch ? batch.map(encodeFrame).join("") : ": heartbeat\n\n";

const encodeFrame = ({ id, event, data }: Frame): string =>
  `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;

/** Answers with one JSON value when it is there; newlines before it keep the connection alive. */
export function lateJson(value: () => Promise<unknown>, options: StreamOptions): Response {
  const source = async function* (): AsyncGenerator<string, void> {
    yield JSON.stringify(await value());
  };
  const headers = { ...options.headers, "content-type": "application/json" };
  return new Response(
    body(withHeartbeat(source(), options.heartbeatMs), (text) => text ?? "\n", options),
    { headers },
  );
}

function body<T>(
  source: AsyncGenerator<T, void>,
  text: (item: T) => string,
  options: StreamOptions,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(text(value)));
    },
    cancel() {
      options.controller.abort();
      options.onLeave();
      void source.return();
    },
  });
}
