import type { Context } from "../../context.ts";
import type { Task } from "../../domain/task.ts";

/** How long a task is kept by a process that says nothing more. */
export const TASK_LEASE_MS = 20_000;
const RENEW_MS = 5000;

/** The hold of this process on a task, renewed while it works on it; ends the work when there is no more use in it. */
export class TaskLease implements Disposable {
  readonly #ctx: Context;
  readonly #task: Task;
  readonly #ending = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;
  /** Another process has the task, or it is gone. */
  isLost = false;
  /** Somebody has asked the task to end. */
  isCancelled = false;

  constructor(ctx: Context, task: Task, stopping: AbortSignal) {
    this.#ctx = ctx;
    this.#task = task;
    this.signal = AbortSignal.any([this.#ending.signal, stopping]);
    this.#timer = setInterval(() => void this.#renew(), RENEW_MS);
    this.#timer.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #renew(): Promise<void> {
    const { storage, clock, log } = this.#ctx;
    try {
      const times = { now: clock.now(), leaseMs: TASK_LEASE_MS };
      const held = await storage.tasks.renew(this.#task, times);
      this.isLost = held === undefined;
      this.isCancelled = held?.cancel_requested === true;
    } catch (error) {
      log.warn({ err: error, task_id: this.#task.task_id }, "could not renew a task's lease");
    }
    if (this.isLost || this.isCancelled) this.#ending.abort();
  }
}
