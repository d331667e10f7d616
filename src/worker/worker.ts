import type { Bus, EventWriter, LiveEvent } from "../bus/port.ts";
import type { Clock } from "../core/clock.ts";
import { isOutage, LeaseLostError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Context, WorkerPlace, Workers } from "../context.ts";
import type { CancelAction, Run, RunOutcome } from "../domain/run.ts";
import type { RunUsage } from "../models/usage-port.ts";
import type { Execute } from "../runtime/runtime.ts";
import type { Signals } from "../signals/port.ts";
import type { Storage } from "../storage/ports.ts";
import { Attempt } from "./attempt.ts";
import { abandoned, cancelled, failedInside, poisoned, timedOut } from "./early-ends.ts";
import { Leases } from "./leases.ts";
import { atTimeLimit } from "./time-limit.ts";

/** A run that killed its worker this often is not tried again. */
const MAX_CRASHES = 3;
/** How often at least to look for runs that became due, or lost their worker, without a wake-up. */
const SWEEP_MS = 1000;

export interface WorkerParts {
  storage: Storage;
  bus: Bus;
  clock: Clock;
  log: Log;
  execute: Execute;
  signals: Signals;
  usage: RunUsage;
  metrics: Pick<Context["metrics"], "runEnded">;
}

export interface WorkerOptions {
  concurrency: number;
  leaseMs: number;
  /** How long a run may be executed in all; 0 for ever. */
  runTimeoutMs: number;
}

/** Claims runs and executes them, several at a time. */
export class Worker implements Workers {
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  /** Names this worker in the leases it holds. */
  readonly owner = newId();
  readonly #attempts = new Map<string, Attempt>();
  readonly #leases: Leases;
  readonly #stopListening: (() => void)[];
  /** Places that are kept for runs being accepted. */
  readonly #kept = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #isOpen = false;
  #isFilling = false;
  #filling: Promise<void> | undefined;
  #again = false;
  /** How many cancels were told of, to notice one that came while a claim was on its way. */
  #cancels = 0;

  constructor(parts: WorkerParts, options: WorkerOptions) {
    this.#parts = parts;
    this.#options = options;
    const { signals } = parts;
    const { owner } = this;
    const { leaseMs } = options;
    this.#leases = new Leases(parts, { owner, leaseMs, attempts: this.#attempts });
    this.#stopListening = [
      signals.on("runs", () => this.wake()),
      signals.on("cancel", () => {
        this.#cancels++;
        void this.#leases.beat();
      }),
    ];
  }

  start(): void {
    this.#isOpen = true;
    const everyMs = Math.min(SWEEP_MS, this.#leases.everyMs);
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

  offer(): WorkerPlace | undefined {
    // While it looks for runs, some may be waiting.
    if (!this.#isOpen || this.#isFilling || !this.#hasPlace()) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancels = this.#cancels;
    this.#kept.add(promise);
    return {
      terms: { owner: this.owner, leaseMs: this.#options.leaseMs },
      take: (run) => {
        this.#kept.delete(promise);
        if (run) this.#begin(run);
        else this.wake();
        if (this.#cancels !== cancels) void this.#leases.beat();
        resolve();
      },
    };
  }

  #hasPlace(): boolean {
    return this.#attempts.size + this.#kept.size < this.#options.concurrency;
  }

  cancel(runId: string, action: CancelAction): void {
    const attempt = this.#attempts.get(runId);
    if (attempt) attempt.end({ why: "cancel", action });
    else this.#parts.signals.notify("cancel", [runId]);
  }

  /** Claims nothing more, lets running runs go on for `drainMs`, then hands back those that did not end. */
  async close(drainMs: number): Promise<void> {
    this.#isOpen = false;
    for (const stop of this.#stopListening) stop();
    await this.#filling;
    await Promise.all(this.#kept);
    const ended = Promise.allSettled([...this.#attempts.values()].map(({ done }) => done));
    const late = setTimeout(() => {
      for (const attempt of this.#attempts.values()) attempt.end({ why: "drain" });
    }, drainMs);
    await ended;
    clearTimeout(late);
    clearInterval(this.#timer);
    await this.#leases.giveBack().catch((error: unknown) => {
      this.#parts.log.warn({ err: error }, "could not give a run back; its lease will end");
    });
  }

  /** Renews the own leases when that is due, takes back runs whose worker is gone, and looks for work. */
  async #sweep(): Promise<void> {
    const { storage, clock, log } = this.#parts;
    try {
      await this.#leases.beatWhenDue();
      await this.#leases.giveBack();
      const runs = await storage.runs.reclaim(clock.now());
      for (const { run_id, thread_id, crashes } of runs)
        log.warn({ run_id, thread_id, crashes }, "took back a run whose worker is gone");
    } catch (error) {
      log.warn({ err: error }, "could not look after the leases");
    }
    this.wake();
  }

  async #fill(): Promise<void> {
    this.#isFilling = true;
    while (this.#again && this.#isOpen) {
      this.#again = false;
      while (this.#isOpen && this.#hasPlace()) {
        const cancels = this.#cancels;
        const run = await this.#claim();
        if (!run) break;
        this.#begin(run);
        if (this.#cancels !== cancels) void this.#leases.beat();
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
    const attempt = new Attempt(run);
    // One that is still there has lost its lease.
    this.#attempts.get(run.run_id)?.end({ why: "lost" });
    this.#attempts.set(run.run_id, attempt);
    attempt.done = this.#attempt(attempt).finally(() => {
      if (this.#attempts.get(run.run_id) === attempt) this.#attempts.delete(run.run_id);
      this.wake();
    });
  }

  async #attempt(attempt: Attempt): Promise<void> {
    const { run, signal } = attempt;
    const { log, bus } = this.#parts;
    const fence = { run_id: run.run_id, epoch: run.epoch };
    let writer: EventWriter | undefined;
    const callOff = atTimeLimit(run, this.#options.runTimeoutMs, (limitMs) =>
      attempt.end({ why: "timeout", limitMs }),
    );
    try {
      writer = await bus.openWriter(fence, (error) =>
        attempt.end(error instanceof LeaseLostError ? { why: "lost" } : { why: "unstored", error }),
      );
      if (run.cancel) attempt.end({ why: "cancel", action: run.cancel });
      signal.throwIfAborted();
      const outcome =
        run.crashes >= MAX_CRASHES
          ? poisoned(run.crashes, writer)
          : await Promise.race([
              this.#parts.execute(run, { fence, writer, signal }),
              abandoned(signal),
            ]);
      await this.#finish(run, { writer, outcome });
    } catch (error) {
      await this.#endEarly(attempt, { error: attempt.causeOf(error), writer }).catch(
        (failure: unknown) => {
          log.error(
            { err: failure, run_id: run.run_id, thread_id: run.thread_id },
            "could not end a run; giving it back",
          );
          this.#leases.strand(fence, !isOutage(failure));
        },
      );
    } finally {
      callOff();
      writer?.release();
    }
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
    if (stop?.why === "drain" || isOutage(error)) {
      if (stop?.why === "drain") await writer.flush();
      await storage.runs.release({ run_id: run.run_id, epoch: run.epoch }, clock.now());
      return log.info(fields, "handed a running run back to the queue");
    }
    if (stop?.why === "cancel")
      return this.#finish(run, {
        writer,
        outcome: cancelled(),
        rollback: stop.action === "rollback",
      });
    if (stop?.why === "timeout") {
      log.warn({ ...fields, limit_ms: stop.limitMs }, "ended a run that took too long");
      return this.#finish(run, { writer, outcome: timedOut(stop.limitMs, writer) });
    }
    log.error({ ...fields, err: error }, "a run failed outside its graph");
    return this.#finish(run, { writer, outcome: failedInside(writer) });
  }

  /** Commits the end of a run with its last events, then tells the followers. */
  async #finish(
    run: Run,
    end: { writer: EventWriter; outcome: RunOutcome; rollback?: boolean },
  ): Promise<void> {
    const { storage, bus, clock, usage } = this.#parts;
    await usage.settled(run.run_id);
    end.writer.append({ kind: "end", status: end.outcome.status });
    const events: LiveEvent[] = await end.writer.close();
    const fence = { run_id: run.run_id, epoch: run.epoch };
    // In small commits, so that no other run waits long; a crash in between leaves the run flagged, and it goes on.
    if (end.rollback) while (await storage.runs.undo(fence));
    const remove = end.rollback ? { remove: "run" as const } : {};
    await storage.runs.finish(fence, { outcome: end.outcome, events, now: clock.now(), ...remove });
    bus.publish(run.run_id, end.rollback ? [] : events);
    this.#parts.metrics.runEnded(run.graph_id, end.outcome.status);
  }
}
