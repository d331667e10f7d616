import type { Model } from "./model.ts";
import type { StreamReader } from "./stream-reader.ts";
import type { StreamPiece } from "./regular-chunks.ts";

/** A streamed answer whose first words have come: from here on it is never asked for again. */
export class OpenAnswer implements AsyncDisposable {
  /** The one that answers: a fallback perhaps. */
  readonly model: Model;
  readonly reader: StreamReader;
  readonly #pieces: AsyncGenerator<StreamPiece[], void>;
  readonly #close: () => void;
  #first: readonly StreamPiece[] | undefined;

  constructor({ model, reader, pieces, first, close }: OpenAnswerParts) {
    this.model = model;
    this.reader = reader;
    this.#pieces = pieces;
    this.#first = first;
    this.#close = close;
  }

  /** The pieces that came together next; undefined at the end of a whole answer. */
  async next(): Promise<readonly StreamPiece[] | undefined> {
    const first = this.#first;
    if (first !== undefined) {
      this.#first = undefined;
      return first;
    }
    const next = await this.#pieces.next();
    return next.done === true ? undefined : next.value;
  }

  /** Ends it wherever it is: the connection is closed unless all has come. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#pieces.return();
    } finally {
      this.#close();
    }
  }
}

interface OpenAnswerParts {
  readonly model: Model;
  readonly reader: StreamReader;
  readonly pieces: AsyncGenerator<StreamPiece[], void>;
  readonly first: readonly StreamPiece[];
  readonly close: () => void;
}
