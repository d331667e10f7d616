import { type ReaderWatch, watchReader } from "./slow-reader.ts";

/** Sends a piece; resolves when there is room for more. */
export type WritePiece = (text: string) => Promise<void> | void;

export interface PiecewiseOptions<T> {
  text: (item: T) => string;
  /** Sent in every silence of so long, so that the connection is known to be alive. */
  heartbeat: string;
  heartbeatMs: number;
  /** Ends the source when the client has gone. */
  controller: AbortController;
  /** Called once when the client went away before the end. */
  onLeave: () => void;
  /** Told why the body broke off. */
  onFailure: (error: unknown) => void;
  /** When a client that takes no more is not waited for, and how its connection is dropped; absent where all there is to take is one value. */
  slow?: { isTooFarBehind: () => Promise<boolean>; drop: (() => void) | undefined };
}

/** A body that is made while it is sent, by whichever server the app runs in. */
export interface Pieces {
  /** Sends all of it; `cut` breaks it off where its connection cannot be dropped. */
  send(write: WritePiece, cut: () => void): Promise<void>;
  leave(): void;
}

export class PiecewiseBody<T> implements Pieces {
  readonly #source: AsyncGenerator<T, void>;
  readonly #options: PiecewiseOptions<T>;
  #watch: ReaderWatch | undefined;

  constructor(source: AsyncGenerator<T, void>, options: PiecewiseOptions<T>) {
    this.#source = source;
    this.#options = options;
  }

  async send(write: WritePiece, cut: () => void): Promise<void> {
    const { text, heartbeat, heartbeatMs, controller, onFailure } = this.#options;
    const { signal } = controller;
    const watch = this.#watched(cut);
    let hasRoom = true;
    const beat = setInterval(() => {
      if (hasRoom && !signal.aborted) void write(heartbeat);
    }, heartbeatMs);
    try {
      for (;;) {
        watch?.asks();
        const { done, value } = await this.#source.next();
        watch?.gets();
        if (done || signal.aborted) return;
        beat.refresh();
        hasRoom = false;
        await write(text(value));
        hasRoom = true;
      }
    } catch (error) {
      onFailure(error);
      throw error;
    } finally {
      clearInterval(beat);
      watch?.close();
    }
  }

  /** The client has gone. */
  leave(): void {
    const { controller, onLeave } = this.#options;
    // One that was cut off means to come back.
    if (!controller.signal.aborted) onLeave();
    this.#stop();
  }

  #stop(): void {
    this.#watch?.close();
    this.#options.controller.abort();
    void this.#source.return();
  }

  #watched(cut: () => void): ReaderWatch | undefined {
    const { slow, heartbeatMs } = this.#options;
    if (!slow) return undefined;
    const { isTooFarBehind, drop = cut } = slow;
    this.#watch = watchReader({
      afterMs: heartbeatMs,
      isTooFarBehind,
      cut: () => {
        this.#stop();
        drop();
      },
    });
    return this.#watch;
  }
}

const BODY = Symbol("body");

/** Answers with a body that any server can read, and that Node's is handed as it is. */
export function piecewiseResponse(body: Pieces, headers: Record<string, string>): Response {
  return Object.assign(new Response(readable(body), { headers }), { [BODY]: body });
}

/** The body of an answer that was made with one. */
export const piecesOf = (response: Response & { [BODY]?: Pieces }): Pieces | undefined =>
  response[BODY];

/** The body as a web stream, which asks for a piece only when somebody reads it. */
function readable(body: Pieces): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let sending: Promise<void> | undefined;
  let goOn: (() => void) | undefined;
  const sendTo = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const write: WritePiece = (text) => {
      controller.enqueue(encoder.encode(text));
      return new Promise((resolve) => (goOn = resolve));
    };
    try {
      await body.send(write, () => controller.error(new Error("The client is too far behind")));
      controller.close();
    } catch (error) {
      controller.error(error);
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        sending ??= sendTo(controller);
        goOn?.();
      },
      cancel() {
        body.leave();
        goOn?.();
      },
    },
    { highWaterMark: 0 },
  );
}
