import { setTimeout as pause } from "node:timers/promises";
import { AppError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { ModelCall } from "../domain/usage.ts";
import type { ModelUsage, PlannedCall, RunUsage, UsagePort } from "../models/usage-port.ts";
import type { UsageRows } from "../storage/usage-port.ts";
import type { BudgetKeeper } from "./budget-keeper.ts";
import { toModelCall } from "./model-call.ts";

/** Calls of one commit. */
const BATCH = 200;
/** How often a call that the database refuses is tried before it is only logged. */
const MAX_TRIES = 3;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5000;

/** A call on its way into the database. */
interface Entry {
  readonly call: ModelCall;
  tries: number;
  readonly done: PromiseWithResolvers<void>;
}

/** Somebody who waits for the calls of a run. */
interface Waiter extends PromiseWithResolvers<void> {
  readonly runId: string;
}

/**
 * Keeps every paid call. Calls that come while a commit is under way share the next one; what the
 * database cannot take for now is tried again, what it refuses for good is written into the log.
 */
export class Ledger implements UsagePort, RunUsage {
  readonly #rows: UsageRows;
  readonly #log: Log;
  readonly #budgets: BudgetKeeper | undefined;
  readonly #open = new Set<Entry>();
  readonly #waiters = new Set<Waiter>();
  #wake = new AbortController();
  #writing: Promise<void> | undefined;
  #isClosing = false;

  constructor(rows: UsageRows, { log, budgets }: { log: Log; budgets?: BudgetKeeper }) {
    this.#rows = rows;
    this.#budgets = budgets;
    this.#log = log;
  }

  async hold(planned: PlannedCall): Promise<void> {
    await this.#budgets?.hold(planned);
  }

  /** Resolves when the call is kept, or has been given up. */
  record(usage: ModelUsage): Promise<void> {
    const entry: Entry = { call: toModelCall(usage), tries: 0, done: Promise.withResolvers() };
    this.#open.add(entry);
    this.#writing ??= this.#write();
    return entry.done.promise;
  }

  async settled(runId: string): Promise<void> {
    if (!this.#isOpen(runId)) return;
    const waiter: Waiter = { runId, ...Promise.withResolvers<void>() };
    this.#waiters.add(waiter);
    this.#wake.abort();
    await waiter.promise;
  }

  /** Tries once more what is left; what cannot be kept is in the log afterwards. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#wake.abort();
    await this.#writing;
    this.#budgets?.close();
  }

  #isOpen(runId: string): boolean {
    return [...this.#open].some(({ call }) => call.run_id === runId);
  }

  async #write(): Promise<void> {
    // Calls of the same turn share the first commit too.
    await Promise.resolve();
    for (let pauseMs = FIRST_PAUSE_MS; this.#open.size > 0;) {
      const outage = await this.#writeBatch([...this.#open].slice(0, BATCH));
      this.#tellWaiters(outage);
      if (outage === undefined) pauseMs = FIRST_PAUSE_MS;
      else if (this.#isClosing) this.#giveUp([...this.#open], outage);
      else {
        await this.#pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
    this.#writing = undefined;
  }

  /** Waits until it is time to try again, or somebody wants to know. */
  async #pause(ms: number): Promise<void> {
    this.#wake = new AbortController();
    await pause(ms, undefined, { signal: this.#wake.signal, ref: false }).catch(() => undefined);
  }

  /** Answers the outage that kept a batch from being written; it is tried again then. */
  async #writeBatch(batch: readonly Entry[]): Promise<AppError | undefined> {
    try {
      await this.#rows.record(batch.map(({ call }) => call));
      for (const entry of batch) this.#end(entry);
      return undefined;
    } catch (error) {
      if (isOutage(error)) return error;
      return this.#writeSingly(batch, error);
    }
  }

  /** One call that the database refuses must not hold up the others. */
  async #writeSingly(batch: readonly Entry[], error: unknown): Promise<AppError | undefined> {
    const [first] = batch;
    if (batch.length === 1 && first !== undefined) {
      first.tries++;
      if (first.tries >= MAX_TRIES) this.#giveUp([first], error);
      return undefined;
    }
    for (const entry of batch) {
      const outage = await this.#writeBatch([entry]);
      if (outage !== undefined) return outage;
    }
    return undefined;
  }

  #tellWaiters(outage: AppError | undefined): void {
    for (const waiter of this.#waiters) {
      if (outage !== undefined) waiter.reject(outage);
      else if (this.#isOpen(waiter.runId)) continue;
      else waiter.resolve();
      this.#waiters.delete(waiter);
    }
  }

  #giveUp(entries: readonly Entry[], error: unknown): void {
    for (const entry of entries) {
      this.#log.error({ err: error, call: entry.call }, "could not record a model call");
      this.#end(entry);
    }
  }

  #end(entry: Entry): void {
    this.#open.delete(entry);
    this.#budgets?.settled(entry.call.call_id);
    entry.done.resolve();
  }
}

const isOutage = (error: unknown): error is AppError =>
  error instanceof AppError && (error.code === "unavailable" || error.code === "storage_full");
