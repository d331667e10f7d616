import { tooSlow } from "../failures/upstream-error.ts";
import type { Model } from "../model.ts";

/** What a model file that does not say gets. */
export const IDLE_SECONDS = 60;
export const TOTAL_SECONDS = 600;

/** The time of one call of a model, with its waits and all attempts; ends with the caller's signal too. */
export class CallClock implements Disposable {
  readonly model: Model;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = (): void => this.#controller.abort(this.#caller?.reason);

  constructor(model: Model, caller: AbortSignal | undefined, usualSeconds: number = TOTAL_SECONDS) {
    this.model = model;
    this.#caller = caller;
    const seconds = model.fields.total_timeout ?? usualSeconds;
    this.#timer = setTimeout(() => {
      this.#controller.abort(tooSlow(model, `did not end within ${seconds} s`, false));
    }, seconds * 1000);
    if (caller?.aborted === true) this.#onAbort();
    else caller?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether it was the caller who gave up. */
  get isCancelled(): boolean {
    return this.#caller?.aborted === true;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#onAbort);
  }
}

/**
 * The time of one attempt: its request is cut off when its first or its next byte comes too late. A
 * reader who takes his time is no silence of the provider.
 */
export class AttemptClock implements Disposable {
  readonly #call: CallClock;
  readonly #controller = new AbortController();
  readonly #onAbort = (): void => this.#end(this.#call.signal.reason);
  #timer: NodeJS.Timeout | undefined;
  #isWaiting = true;
  #hasHeard = false;
  #cause: unknown;

  constructor(call: CallClock) {
    this.#call = call;
    const { timeout } = call.model.fields;
    if (timeout !== undefined) this.#expect(timeout, `did not answer within ${timeout} s`);
    if (call.signal.aborted) this.#onAbort();
    else call.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why the attempt had to end: the caller's reason, or which time was over. */
  get cause(): Error | undefined {
    return this.#cause instanceof Error ? this.#cause : undefined;
  }

  /** The next byte is waited for from now on. */
  listen(): void {
    if (!this.#hasHeard) return;
    this.#isWaiting = true;
    if (this.#timer !== undefined) {
      this.#timer.refresh();
      return;
    }
    const seconds = this.#call.model.fields.idle_timeout ?? IDLE_SECONDS;
    this.#expect(seconds, `fell silent for ${seconds} s`);
  }

  /** A byte has come. */
  heard(): void {
    this.#isWaiting = false;
    if (this.#hasHeard) return;
    this.#hasHeard = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Cuts the request off, with all that it still sends. */
  abandon(): void {
    this.#controller.abort();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#call.signal.removeEventListener("abort", this.#onAbort);
  }

  #expect(seconds: number, what: string): void {
    this.#timer = setTimeout(() => {
      if (this.#isWaiting) this.#end(tooSlow(this.#call.model, what, true));
    }, seconds * 1000);
  }

  #end(cause: unknown): void {
    this.#cause ??= cause;
    this.#controller.abort(cause);
  }
}
