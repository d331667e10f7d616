import type { Bus, EventWriter, LiveEvent } from "../bus/port.ts";
import type { Clock } from "../core/clock.ts";
import { LeaseLostError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Workers } from "../context.ts";
import type { CancelAction, Fence, Run, RunOutcome } from "../domain/run.ts";
import type { Execute } from "../runtime/runtime.ts";
import type { Storage } from "../storage/ports.ts";

/** A run that killed its worker this often is not tried again. */
const MAX_CRASHES = 3;
/** How often to look for runs that became due without a wake-up. */
const SWEEP_MS = 1000;

export interface WorkerParts {
  storage: Storage;
  bus: Bus;
  clock: Clock;
  log: Log;
  execute: Execute;
}

export interface WorkerOptions {
  concurrency: number;
  leaseMs: number;
}

/** Why an attempt was stopped before its end. */
type Stop = { why: "cancel"; action: CancelAction } | { why: "drain" } | { why: "lost" };

interface Attempt {
  run: Run;
  controller: AbortController;
  stop: Stop | undefined;
  done: Promise<void>;
}

/** Claims runs and executes them, several at a time. */
export class Worker implements Workers {
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #owner = newId();
  readonly #attempts = new Map<string, Attempt>();
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;
  #isFilling = false;
  #filling: Promise<void> | undefined;
  #again = false;

  constructor(parts: WorkerParts, options: WorkerOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  start(): void {
    this.#isOpen = true;
    this.#timer = setInterval(() => this.wake(), SWEEP_MS);
    this.#timer.unref();
    this.wake();
  }

  wake(): void {
    if (!this.#isOpen) return;
    this.#again = true;
    if (!this.#isFilling) this.#filling = this.#fill();
  }

  cancel(runId: string, action: CancelAction): void {
    this.#stop(this.#attempts.get(runId), { why: "cancel", action });
  }

  /** Claims nothing more, lets running runs go on for `drainMs`, then hands back those that did not end. */
  async close(drainMs: number): Promise<void> {
    this.#isOpen = false;
    clearInterval(this.#timer);
    await this.#filling;
    const ended = Promise.allSettled([...this.#attempts.values()].map(({ done }) => done));
    const late = setTimeout(() => {
      for (const attempt of this.#attempts.values()) this.#stop(attempt, { why: "drain" });
    }, drainMs);
    await ended;
    clearTimeout(late);
  }

  async #fill(): Promise<void> {
    this.#isFilling = true;
    while (this.#again && this.#isOpen) {
      this.#again = false;
      while (this.#isOpen && this.#attempts.size < this.#options.concurrency) {
        const run = await this.#claim();
        if (!run) break;
        this.#begin(run);
      }
    }
    // No await stands between the last look at `again` and this line, so no wake-up is lost.
    this.#isFilling = false;
  }

  async #claim(): Promise<Run | undefined> {
    const { storage, clock, log } = this.#parts;
    try {
      return await storage.runs.claim(this.#owner, {
        now: clock.now(),
        leaseMs: this.#options.leaseMs,
      });
    } catch (error) {
      log.error({ err: error }, "could not claim a run");
      return undefined;
    }
  }

  #begin(run: Run): void {
    const attempt: Attempt = {
      run,
      controller: new AbortController(),
      stop: undefined,
      done: Promise.resolve(),
    };
    this.#attempts.set(run.run_id, attempt);
    attempt.done = this.#attempt(attempt).finally(() => {
      this.#attempts.delete(run.run_id);
      this.wake();
    });
  }

  async #attempt(attempt: Attempt): Promise<void> {
    const { run, controller } = attempt;
    const { log, bus } = this.#parts;
    const fence = { run_id: run.run_id, epoch: run.epoch };
    const beat = setInterval(() => void this.#renew(attempt, fence), this.#options.leaseMs / 3);
    let writer: EventWriter | undefined;
    try {
      writer = await bus.openWriter(fence);
      if (run.cancel) this.#stop(attempt, { why: "cancel", action: run.cancel });
      const outcome =
        run.crashes >= MAX_CRASHES
          ? poisoned(run, writer)
          : await this.#parts.execute(run, { fence, writer, signal: controller.signal });
      await this.#finish(run, { writer, outcome });
    } catch (error) {
      await this.#endEarly(attempt, { error, writer }).catch((failure: unknown) => {
        log.error(
          { err: failure, run_id: run.run_id, thread_id: run.thread_id },
          "could not end a run",
        );
      });
    } finally {
      clearInterval(beat);
    }
  }

  async #renew(attempt: Attempt, fence: Fence): Promise<void> {
    const { storage, clock, log } = this.#parts;
    try {
      const action = await storage.runs.renew(fence, {
        now: clock.now(),
        leaseMs: this.#options.leaseMs,
      });
      if (action) this.#stop(attempt, { why: "cancel", action });
    } catch (error) {
      if (error instanceof LeaseLostError) this.#stop(attempt, { why: "lost" });
      else log.warn({ err: error, run_id: fence.run_id }, "could not renew a lease");
    }
  }

  #stop(attempt: Attempt | undefined, stop: Stop): void {
    if (!attempt || attempt.stop) return;
    attempt.stop = stop;
    attempt.controller.abort();
  }

  /** Ends an attempt that did not come to an outcome of its own. */
  async #endEarly(
    { run, stop }: Attempt,
    { error, writer }: { error: unknown; writer: EventWriter | undefined },
  ): Promise<void> {
    const { storage, bus, clock, log } = this.#parts;
    const fields = { run_id: run.run_id, thread_id: run.thread_id };
    if (stop?.why === "lost" || error instanceof LeaseLostError) {
      log.warn(fields, "lost the lease on a run; another worker owns it now, or it was deleted");
      return bus.publish(run.run_id, []);
    }
    if (!writer) throw error;
    if (stop?.why === "drain") {
      await writer.flush();
      await storage.runs.release({ run_id: run.run_id, epoch: run.epoch }, clock.now());
      return log.info(fields, "handed a running run back to the queue");
    }
    const base = { error: null, rest_status: "idle", interrupts: {} } as const;
    if (stop)
      return this.#finish(run, {
        writer,
        outcome: { ...base, status: "interrupted" },
        rollback: stop.action === "rollback",
      });
    log.error({ ...fields, err: error }, "a run failed outside its graph");
    const failure = {
      error: "InternalError",
      message: "The run failed inside the server; its log has the reason",
    };
    writer.append({ kind: "error", ...failure });
    return this.#finish(run, {
      writer,
      outcome: { ...base, status: "error", error: failure, rest_status: "error" },
    });
  }

  /** Commits the end of a run with its last events, then tells the followers. */
  async #finish(
    run: Run,
    end: { writer: EventWriter; outcome: RunOutcome; rollback?: boolean },
  ): Promise<void> {
    const { storage, bus, clock } = this.#parts;
    end.writer.append({ kind: "end", status: end.outcome.status });
    const events: LiveEvent[] = await end.writer.close();
    const fence = { run_id: run.run_id, epoch: run.epoch };
    const remove = end.rollback ? { remove: "run" as const } : {};
    await storage.runs.finish(fence, { outcome: end.outcome, events, now: clock.now(), ...remove });
    bus.publish(run.run_id, end.rollback ? [] : events);
  }
}

function poisoned(run: Run, writer: EventWriter): RunOutcome {
  const error = {
    error: "PoisonedRun",
    message: `The run ended its worker ${run.crashes} times and is not tried again`,
  };
  writer.append({ kind: "error", ...error });
  return { status: "error", error, rest_status: "error", interrupts: {} };
}
