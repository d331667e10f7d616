import type { Frame } from "../context.ts";
import { withHeartbeat } from "./heartbeat.ts";
import { watchReader } from "./slow-reader.ts";

const encoder = new TextEncoder();

export interface StreamOptions {
  heartbeatMs: number;
  headers: Record<string, string>;
  /** Called once when the client went away before the end. */
  onLeave: () => void;
  /** Ends the source when the client has gone. */
  controller: AbortController;
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
  const text = (batch: Frame[] | undefined): string => {
    last = batch?.at(-1)?.id ?? last;
    return batch ? batch.map(encodeFrame).join("") : ": heartbeat\n\n";
  };
  const slow = { isTooFarBehind: () => options.isTooFarBehind(last), drop: options.drop };
  return new Response(
    body(withHeartbeat(frames, options.heartbeatMs), { text, slow, ...options }),
    { headers },
  );
}

const encodeFrame = ({ id, event, data }: Frame): string =>
  `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;

const jsonText = (json: string | undefined): string => json ?? "\n";

/** Answers with one JSON value when it is there; newlines before it keep the connection alive. */
export function lateJson(value: () => Promise<unknown>, options: StreamOptions): Response {
  const source = async function* (): AsyncGenerator<string, void> {
    yield JSON.stringify(await value());
  };
  const headers = { ...options.headers, "content-type": "application/json" };
  return new Response(
    body(withHeartbeat(source(), options.heartbeatMs), { text: jsonText, ...options }),
    {
      headers,
    },
  );
}

interface BodyOptions<T> extends StreamOptions {
  text: (item: T) => string;
  /** Absent where all there is to take is one value. */
  slow?: { isTooFarBehind: () => Promise<boolean>; drop: (() => void) | undefined };
}

function body<T>(
  source: AsyncGenerator<T, void>,
  { text, slow, heartbeatMs, controller: end, onLeave }: BodyOptions<T>,
): ReadableStream<Uint8Array> {
  let stream: ReadableStreamDefaultController | undefined;
  const stop = () => {
    watch?.close();
    end.abort();
    void source.return();
  };
  const cut = () => {
    stop();
    if (slow?.drop) slow.drop();
    else stream?.error(new Error("The client is too far behind"));
  };
  const watch =
    slow && watchReader({ afterMs: heartbeatMs, isTooFarBehind: slow.isTooFarBehind, cut });
  return new ReadableStream<Uint8Array>({
    start(controller) {
      stream = controller;
    },
    async pull(controller) {
      watch?.asks();
      const { done, value } = await source.next();
      watch?.gets();
      if (!done) return controller.enqueue(encoder.encode(text(value)));
      watch?.close();
      controller.close();
    },
    cancel() {
      // A client that was cut off means to come back.
      if (!end.signal.aborted) onLeave();
      stop();
    },
  });
}
