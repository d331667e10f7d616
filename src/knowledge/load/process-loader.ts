import type { Chunk } from "../chunk.ts";
import type { DocumentLoader, Unread } from "../loader-port.ts";
import { isPlainText } from "../../domain/document-kind.ts";
import { loadChunks } from "./load.ts";
import { Reader, type ReaderLimits } from "./reader.ts";
import type { LoadLimits } from "./section.ts";

/** Documents that are read at the same time; others wait. */
const AT_ONCE = 2;
/** How long a reader without work stays. */
const IDLE_MS = 30_000;
/** Text up to this is read here in some milliseconds. */
const SMALL = 128 * 1024;

/** Reads documents in processes of their own, but for small texts. */
export class ProcessLoader implements DocumentLoader {
  readonly #limits: LoadLimits & ReaderLimits;
  readonly #idle: Reader[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: LoadLimits & ReaderLimits) {
    this.#limits = limits;
  }

  async load({ type, content }: Unread, signal: AbortSignal): Promise<Chunk[]> {
    if (content instanceof Uint8Array && content.length <= SMALL && isPlainText(type))
      return loadChunks(content, type, this.#limits);
    await this.#turn();
    try {
      signal.throwIfAborted();
      return await this.#read({ type, content }, signal);
    } finally {
      this.#next();
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const reader of this.#idle.splice(0)) reader.close();
  }

  async #read(document: Unread, signal: AbortSignal): Promise<Chunk[]> {
    const reader = this.#idle.pop() ?? new Reader(this.#limits);
    const { expandedBytes, ratio, pages, chunks } = this.#limits;
    const limits = { expandedBytes, ratio, pages, chunks };
    try {
      return await reader.read({ ...document, limits }, signal);
    } finally {
      if (!reader.isOver) this.#rest(reader);
    }
  }

  #rest(reader: Reader): void {
    this.#idle.push(reader);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), IDLE_MS);
    this.#timer.unref();
  }

  async #turn(): Promise<void> {
    if (this.#busy < AT_ONCE) this.#busy += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on to whoever waits longest. */
  #next(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#busy -= 1;
  }
}
