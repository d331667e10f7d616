import { once } from "node:events";
import { statSync } from "node:fs";
import { extname } from "node:path";
import { Worker as Thread } from "node:worker_threads";

/** After so many commits what is in the log is moved to its place, and the log begins anew. */
const COMMITS = 500;
/** The same when its file has grown by so much; it is looked at after so many commits. */
const GROWTH_BYTES = 8 * 1024 * 1024;
const LOOK = 25;

/** Moves what is in SQLite's write-ahead log to its place beside the event loop, which a commit would do inside it. */
export class WalCheckpoint {
  readonly #path: string;
  #thread: Thread | undefined;
  #commits = 0;
  #size = 0;
  #done: () => void = () => undefined;
  /** True once the thread has ended. */
  isBroken = false;

  constructor(databasePath: string) {
    this.#path = databasePath;
  }

  /** Counts a commit; true when there is enough in the log. */
  isDue(): boolean {
    if (this.isBroken) return false;
    this.#commits += 1;
    if (this.#commits >= COMMITS) return true;
    return this.#commits % LOOK === 0 && this.#logSize() - this.#size >= GROWTH_BYTES;
  }

  /** Moves what was committed before the call, and puts it on the disk. */
  run(): Promise<void> {
    if (this.isBroken) return Promise.resolve();
    this.#commits = 0;
    this.#size = this.#logSize();
    this.#thread ??= this.#start();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = resolve;
    this.#thread.postMessage("checkpoint", []);
    return promise;
  }

  /** To be called before the database is closed, so that the last one to close it is who writes to it. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (thread === undefined || this.isBroken) return;
    const exit = once(thread, "exit");
    thread.ref();
    thread.postMessage("close", []);
    await exit;
  }

  #start(): Thread {
    const file = new URL(`wal-checkpoint-thread${extname(import.meta.url)}`, import.meta.url);
    const thread = new Thread(file, { workerData: this.#path });
    thread.unref();
    const end = () => {
      this.isBroken = true;
      this.#done();
    };
    return thread
      .on("message", () => this.#done())
      .on("error", end)
      .on("exit", end);
  }

  #logSize(): number {
    return statSync(`${this.#path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }
}
