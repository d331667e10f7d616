/** A job that runs again and again, never twice at a time. */
export class Loop {
  readonly #job: (signal: AbortSignal) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(job: (signal: AbortSignal) => Promise<void>, onError: (error: unknown) => void) {
    this.#job = job;
    this.#onError = onError;
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => void this.#run(), everyMs);
    this.#timer.unref();
  }

  /** Runs the job once more after what is running now. */
  async tick(): Promise<void> {
    await this.#running;
    await this.#run();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#controller.abort();
    await this.#running;
  }

  #run(): Promise<void> {
    if (this.#controller.signal.aborted) return Promise.resolve();
    this.#running ??= this.#once();
    return this.#running;
  }

  async #once(): Promise<void> {
    try {
      await this.#job(this.#controller.signal);
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#running = undefined;
    }
  }
}
