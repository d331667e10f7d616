import { type ChildProcess, fork } from "node:child_process";
import { extname } from "node:path";
import { AppError } from "../../core/errors.ts";
import type { Chunk } from "../chunk.ts";
import type { LoadReply, LoadRequest } from "./loader-process.ts";

const MB = 1024 * 1024;

export interface ReaderLimits {
  memoryMb: number;
  seconds: number;
}

/** A process of its own that reads documents one after the other; it may write and start nothing. */
export class Reader {
  readonly #child: ChildProcess;
  readonly #limits: ReaderLimits;
  #isOver = false;

  constructor(limits: ReaderLimits) {
    this.#limits = limits;
    const file = new URL(`loader-process${extname(import.meta.url)}`, import.meta.url);
    this.#child = fork(file, [String(limits.memoryMb * MB)], {
      execArgv: [
        `--max-old-space-size=${limits.memoryMb}`,
        "--permission",
        "--allow-fs-read=*",
        "--allow-worker",
      ],
      // None of the server's keys.
      env: {},
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    this.#child.once("exit", () => (this.#isOver = true));
    this.#rest();
  }

  /** Whether it has ended, and reads nothing any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Reads one document; ends itself where that takes too long or too much, or is not wanted any more. */
  async read(request: LoadRequest, signal: AbortSignal): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<Chunk[]>();
    const onMessage = (reply: LoadReply) => {
      if (reply.kind === "chunks") chunks.push(...reply.chunks);
      else if (reply.kind === "done") resolve(chunks);
      else reject(new AppError(reply.code, reply.message));
    };
    const onEnd = (code: number | null, ended: NodeJS.Signals | null) =>
      reject(this.#whyEnded(code, ended));
    const end = (why: unknown) => {
      reject(why);
      this.close();
    };
    const onAbort = () => end(signal.reason);
    const { seconds } = this.#limits;
    const timer = setTimeout(
      () => end(tooLarge(`takes longer than ${seconds} s to read (document_max_seconds)`)),
      seconds * 1000,
    );
    this.#child.on("message", onMessage).once("exit", onEnd).once("error", reject);
    signal.addEventListener("abort", onAbort);
    this.#wake();
    try {
      signal.throwIfAborted();
      this.#child.send(request, (error) => void (error && reject(error)));
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#child.off("message", onMessage).off("exit", onEnd).off("error", reject);
      this.#rest();
    }
  }

  close(): void {
    this.#isOver = true;
    this.#child.kill("SIGKILL");
  }

  /** Its own watch, the engine's limit and the system's end it without a word. */
  #whyEnded(code: number | null, ended: NodeJS.Signals | null): AppError {
    if (ended === "SIGKILL" || ended === "SIGABRT" || code === 134)
      return tooLarge(
        `needs more than ${this.#limits.memoryMb} MB of memory to read (document_max_memory_mb)`,
      );
    return new AppError("validation", `cannot be read: its reader ended with ${ended ?? code}`);
  }

  /** While it reads it keeps this process alive, else not. */
  #wake(): void {
    this.#child.ref();
    this.#child.channel?.ref();
  }

  #rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }
}

const tooLarge = (why: string): AppError => new AppError("payload_too_large", why);
