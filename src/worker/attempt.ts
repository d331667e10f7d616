import type { CancelAction, Run } from "../domain/run.ts";

/** Why an attempt was stopped before its end. */
type Stop =
  | { why: "cancel"; action: CancelAction }
  | { why: "timeout"; limitMs: number }
  | { why: "drain" }
  | { why: "lost" }
  /** Its events could not be stored: whatever it came to would not count. */
  | { why: "unstored"; error: unknown };

/** One execution of a run by this worker. */
export class Attempt {
  readonly run: Run;
  stop: Stop | undefined;
  done: Promise<void> = Promise.resolve();
  readonly #controller = new AbortController();

  constructor(run: Run) {
    this.run = run;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts it; the first reason stays. */
  end(stop: Stop): void {
    if (this.stop) return;
    this.stop = stop;
    this.#controller.abort();
  }

  /** What really went wrong: of an abort the error says no more than that. */
  causeOf(error: unknown): unknown {
    return this.stop?.why === "unstored" ? this.stop.error : error;
  }
}
