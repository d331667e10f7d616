import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { AppError } from "../core/errors.ts";
import type { Scored } from "./top-scores.ts";
import type { VectorBlock, VectorQuery } from "./vector-store.ts";

/** What the thread is told; it takes one after the other. */
export type WorkerRequest =
  | { kind: "add"; key: string; block: VectorBlock }
  | { kind: "drop"; key: string; documents: readonly number[] }
  | { kind: "forget"; key: string }
  | { kind: "search"; key: string; id: number; query: VectorQuery };

interface Answer {
  id: number;
  found: Scored[];
}

/** The thread that holds vectors; started with its first use. */
export class VectorThread {
  readonly #worker: Worker;
  readonly #tell: (request: WorkerRequest, moved?: ArrayBuffer[]) => void;
  readonly #open = new Map<number, PromiseWithResolvers<Scored[]>>();
  #next = 0;
  #isOver = false;

  constructor() {
    const file = `vector-worker${extname(import.meta.url)}`;
    this.#worker = new Worker(new URL(file, import.meta.url));
    this.#tell = this.#worker.postMessage.bind(this.#worker);
    this.#worker.on("message", ({ id, found }: Answer) => {
      this.#open.get(id)?.resolve(found);
      this.#open.delete(id);
      if (this.#open.size === 0) this.#worker.unref();
    });
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(undefined));
    this.#worker.unref();
  }

  /** It holds nothing any more: it ran out of memory, or was closed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The block is handed over: its arrays are empty afterwards. */
  add(key: string, block: VectorBlock): void {
    const { vectors, chunks, documents } = block;
    this.#tell({ kind: "add", key, block }, [vectors.buffer, chunks.buffer, documents.buffer]);
  }

  drop(key: string, documents: readonly number[]): void {
    this.#tell({ kind: "drop", key, documents });
  }

  forget(key: string): void {
    this.#tell({ kind: "forget", key });
  }

  search(key: string, query: VectorQuery): Promise<Scored[]> {
    if (this.#isOver) return Promise.reject(new AppError("unavailable", "The search was closed"));
    const id = this.#next++;
    const answer = Promise.withResolvers<Scored[]>();
    this.#open.set(id, answer);
    this.#worker.ref();
    this.#tell({ kind: "search", key, id, query });
    return answer.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(cause: unknown): void {
    this.#isOver = true;
    const error = new AppError("unavailable", "The thread that searches vectors ended", { cause });
    for (const { reject } of this.#open.values()) reject(error);
    this.#open.clear();
  }
}
