import type { Clock } from "../core/clock.ts";
import { LeaseLostError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { CancelAction, Fence } from "../domain/run.ts";
import type { RenewedRun, Storage } from "../storage/ports.ts";
import type { Attempt } from "./attempt.ts";

/** A lease is renewed this often within its time. */
const BEATS = 3;

interface Parts {
  storage: Storage;
  clock: Clock;
  log: Log;
}

/** Keeps the leases of a worker's runs, and learns by them what was asked of the runs. */
export class Leases {
  readonly #parts: Parts;
  readonly #owner: string;
  readonly #leaseMs: number;
  readonly #attempts: ReadonlyMap<string, Attempt>;
  /** Looks in a row that did not find a run: one may be the run's own end, two are a lost lease. */
  readonly #misses = new WeakMap<Attempt, number>();
  /** Runs that this worker could neither go on with nor end, and whether that was a crash. */
  readonly #stranded = new Map<Fence, boolean>();
  /** Runs of this worker, with their epochs, that it did not know of at the last renewal. */
  #unknown: ReadonlySet<string> = new Set();
  /** When the leases were last renewed, by the process's own clock. */
  #beatAt = performance.now();

  constructor(
    parts: Parts,
    options: { owner: string; leaseMs: number; attempts: ReadonlyMap<string, Attempt> },
  ) {
    this.#parts = parts;
    this.#owner = options.owner;
    this.#leaseMs = options.leaseMs;
    this.#attempts = options.attempts;
  }

  /** How often to look whether a renewal is due. */
  get everyMs(): number {
    return this.#leaseMs / BEATS;
  }

  async beatWhenDue(): Promise<void> {
    if (performance.now() - this.#beatAt < this.everyMs) return;
    this.#beatAt = performance.now();
    this.#findUnknown(await this.beat());
  }

  /** Renews all leases and obeys what was asked of their runs. */
  async beat(): Promise<RenewedRun[]> {
    const { storage, clock, log } = this.#parts;
    try {
      const lease = { now: clock.now(), leaseMs: this.#leaseMs };
      const renewed = await storage.runs.renewAll(this.#owner, lease);
      const byId = new Map(renewed.map((run) => [run.run_id, run]));
      for (const attempt of this.#attempts.values())
        this.#check(attempt, byId.get(attempt.run.run_id));
      return renewed;
    } catch (error) {
      log.warn({ err: error }, "could not renew the leases");
      return [];
    }
  }

  /** Takes note of a run that is to go back to the queue as soon as the database takes it. */
  strand(fence: Fence, hasCrashed: boolean): void {
    this.#stranded.set(fence, hasCrashed);
  }

  /** Gives stranded runs back: their leases are renewed with the others, so nobody else would take them. */
  async giveBack(): Promise<void> {
    const { storage, clock } = this.#parts;
    for (const [fence, hasCrashed] of this.#stranded) {
      await storage.runs.release(fence, clock.now(), hasCrashed).catch((error: unknown) => {
        if (!(error instanceof LeaseLostError)) throw error;
      });
      this.#stranded.delete(fence);
    }
  }

  /** A claim whose answer was lost leaves a run that nobody works on: known by two renewals in a row. */
  #findUnknown(renewed: readonly RenewedRun[]): void {
    const unknown = renewed.filter(({ run_id }) => !this.#attempts.has(run_id));
    const keys = new Set<string>();
    for (const { run_id, epoch } of unknown) {
      const key = `${run_id} ${epoch}`;
      if (this.#unknown.has(key)) this.strand({ run_id, epoch }, false);
      else keys.add(key);
    }
    this.#unknown = keys;
  }

  #check(attempt: Attempt, renewed: RenewedRun | undefined): void {
    if (renewed === undefined) void this.#lookFor(attempt);
    else if (renewed.epoch === attempt.run.epoch) this.#obey(attempt, renewed.cancel);
    else attempt.end({ why: "lost" });
  }

  /** A renewal passes over a run that another commit has in hand: only a look at it tells if it is lost. */
  async #lookFor(attempt: Attempt): Promise<void> {
    const { storage, log } = this.#parts;
    const { run_id, epoch } = attempt.run;
    try {
      const run = await storage.runs.find(run_id);
      if (run?.status === "running" && run.epoch === epoch) return this.#obey(attempt, run.cancel);
      const misses = (this.#misses.get(attempt) ?? 0) + 1;
      this.#misses.set(attempt, misses);
      if (misses > 1) attempt.end({ why: "lost" });
    } catch (error) {
      log.warn({ err: error, run_id }, "could not look after a lease");
    }
  }

  #obey(attempt: Attempt, action: CancelAction | null): void {
    this.#misses.delete(attempt);
    if (action) attempt.end({ why: "cancel", action });
  }
}
