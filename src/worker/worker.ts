import type { Bus, EventWriter, LiveEvent } from "../bus/port.ts";
import type { Clock } from "../core/clock.ts";
import { LeaseLostError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Workers } from "../context.ts";
import type { CancelAction, Run, RunOutcome } from "../domain/run.ts";
import type { Execute } from "../runtime/runtime.ts";
import type { Signals } from "../signals/port.ts";
import type { RenewedRun, Storage } from "../storage/ports.ts";

/** A run that killed its worker this often is not tried again. */
const MAX_CRASHES = 3;
/** How often at least to look for runs that became due, or lost their worker, without a wake-up. */
const SWEEP_MS = 1000;
/** A lease is renewed this often within its time. */
const BEATS = 3;

export interface WorkerParts {
  storage: Storage;
  bus: Bus;
  clock: Clock;
  log: Log;
  execute: Execute;
  signals: Signals;
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
  /** Renewals in a row that did not find the run: one may be the run's own end, two are a lost lease. */
  misses: number;
  done: Promise<void>;
}

/** Claims runs and executes them, several at a time. */
export class Worker implements Workers {
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  /** Names this worker in the leases it holds. */
  readonly owner = newId();
  readonly #attempts = new Map<string, Attempt>();
  readonly #stopListening: (() => void)[];
  #timer: NodeJS.Timeout | undefined;
  /** When the leases were last renewed, by the process's own clock. */
  #beatAt = performance.now();
  #isOpen = false;
  #isFilling = false;
  #filling: Promise<void> | undefined;
  #again = false;

  constructor(parts: WorkerParts, options: WorkerOptions) {
    this.#parts = parts;
    this.#options = options;
    const { signals } = parts;
    this.#stopListening = [
      signals.on("runs", () => this.wake()),
      signals.on("cancel", () => void this.#beat()),
    ];
  }

  start(): void {
    this.#isOpen = true;
    const everyMs = Math.min(SWEEP_MS, this.#options.leaseMs / BEATS);
    this.#timer = setInterval(() => void this.#sweep(), everyMs);
    this.#timer.unref();
    this.wake();
  }

  wake(runIds: readonly string[] = []): void {
    if (runIds.length > 0) this.#parts.signals.notify("runs", [...runIds]);
    if (!this.#isOpen) return;
    this.#again = true;
    if (!this.#isFilling) this.#filling = this.#fill();
  }

  cancel(runId: string, action: CancelAction): void {
    const attempt = this.#attempts.get(runId);
    if (attempt) this.#stop(attempt, { why: "cancel", action });
    else this.#parts.signals.notify("cancel", [runId]);
  }

  /** Claims nothing more, lets running runs go on for `drainMs`, then hands back those that did not end. */
  async close(drainMs: number): Promise<void> {
    this.#isOpen = false;
    for (const stop of this.#stopListening) stop();
    await this.#filling;
    const ended = Promise.allSettled([...this.#attempts.values()].map(({ done }) => done));
    const late = setTimeout(() => {
      for (const attempt of this.#attempts.values()) this.#stop(attempt, { why: "drain" });
    }, drainMs);
    await ended;
    clearTimeout(late);
    clearInterval(this.#timer);
  }

  /** Renews the own leases when that is due, takes back runs whose worker is gone, and looks for work. */
  async #sweep(): Promise<void> {
    const { storage, clock, log } = this.#parts;
    try {
      if (performance.now() - this.#beatAt >= this.#options.leaseMs / BEATS) await this.#beat();
      const runs = await storage.runs.reclaim(clock.now());
      for (const { run_id, thread_id, crashes } of runs)
        log.warn({ run_id, thread_id, crashes }, "took back a run whose worker is gone");
    } catch (error) {
      log.warn({ err: error }, "could not look after the leases");
    }
    this.wake();
  }

  async #beat(): Promise<void> {
    this.#beatAt = performance.now();
    if (this.#attempts.size === 0) return;
    const { storage, clock, log } = this.#parts;
    const { leaseMs } = this.#options;
    try {
      const renewed = await storage.runs.renewAll(this.owner, { now: clock.now(), leaseMs });
      const byId = new Map(renewed.map((run) => [run.run_id, run]));
      for (const attempt of this.#attempts.values())
        this.#check(attempt, byId.get(attempt.run.run_id));
    } catch (error) {
      log.warn({ err: error }, "could not renew the leases");
    }
  }

  #check(attempt: Attempt, renewed: RenewedRun | undefined): void {
    if (renewed?.epoch === attempt.run.epoch) {
      attempt.misses = 0;
      if (renewed.cancel) this.#stop(attempt, { why: "cancel", action: renewed.cancel });
    } else if (renewed || ++attempt.misses > 1) this.#stop(attempt, { why: "lost" });
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
      return await storage.runs.claim(this.owner, {
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
      misses: 0,
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
