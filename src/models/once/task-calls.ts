import { keyOf, taskKeyOf } from "./key.ts";
import type { Place } from "./place.ts";
import { readRecords, writeRecord, type CallRecord, type toRecord } from "./record.ts";
import { realScratchpad, type Scratchpad } from "./scratchpad.ts";

/** One call of a task. */
export interface Call {
  readonly kind: "model" | "step" | "tool";
  readonly place: Place;
  /** What tells the call from others of its kind; asked only when a key is needed. */
  readonly content: () => unknown;
}

/** How a call ended: asked for only if it is to be kept. */
export type Outcome = () => ReturnType<typeof toRecord>;

const tasks = new WeakMap<Scratchpad, TaskCalls>();

/** The calls of the task that a place is in. */
export function callsOf({ scratchpad }: Place): TaskCalls {
  const real = realScratchpad(scratchpad);
  const calls = tasks.get(real) ?? new TaskCalls();
  tasks.set(real, calls);
  return calls;
}

/**
 * The calls of one task of a graph: gives each its key, keeps what finished, finds what finished in
 * an earlier attempt. The only model call of a task is kept by no one but LangGraph, with what the
 * node returns; not before another call begins is it kept here.
 */
export class TaskCalls {
  readonly #keys = new WeakMap<Call, string>();
  readonly #counts = new Map<string, number>();
  #attempt: number | undefined;
  #begun = 0;
  #lone: { call: Call; outcome?: Outcome } | undefined;
  #kept: Promise<void> = Promise.resolve();
  #stored: Promise<ReadonlyMap<string, CallRecord>> | undefined;

  /** To be called before anything is awaited: equal calls are told apart by their order. */
  begin(call: Call): void {
    const { attempt = this.#attempt } = call.place;
    if (attempt !== this.#attempt && this.#begun > 0) this.#startAgain();
    this.#attempt = attempt;
    this.#begun++;
    if (call.kind === "model" && this.#begun === 1) {
      this.#lone = { call };
      return;
    }
    this.#keepLone();
    this.keyOf(call);
  }

  /** The key of a call that has begun. */
  keyOf(call: Call): string {
    const known = this.#keys.get(call);
    if (known !== undefined) return known;
    const { anchor, outerKey } = call.place;
    const alike = keyOf(taskKeyOf(anchor), outerKey, call.kind, call.content());
    const count = this.#counts.get(alike) ?? 0;
    this.#counts.set(alike, count + 1);
    const key = keyOf(alike, count);
    this.#keys.set(call, key);
    return key;
  }

  /** Waits until what finished before a call is kept; rejects when the run is lost. */
  async settled(): Promise<void> {
    await this.#kept;
  }

  /** What a call ended with in an earlier attempt. */
  async find(call: Call): Promise<CallRecord | undefined> {
    const { isResuming, attempt = 1 } = call.place;
    if (!isResuming) return undefined;
    // A node that its retry policy tries again wants another answer of the model.
    if (call.kind === "model" && attempt > 1) return undefined;
    const stored = await (this.#stored ??= readRecords(call.place));
    for (const key of this.#storedKeys(call)) {
      const record = stored.get(key);
      if (record) return record;
    }
    return undefined;
  }

  async finish(call: Call, outcome: Outcome): Promise<void> {
    if (this.#lone?.call === call) this.#lone.outcome = outcome;
    else await this.#keep(call, outcome);
  }

  #keepLone(): void {
    if (this.#lone === undefined) return;
    const { call, outcome } = this.#lone;
    this.#lone = undefined;
    this.keyOf(call);
    if (outcome) this.#kept = this.#keep(call, outcome);
  }

  async #keep(call: Call, outcome: Outcome): Promise<void> {
    const record = outcome();
    const [key] = this.#storedKeys(call);
    if (record === undefined || key === undefined) return;
    await writeRecord(call.place, key, record);
  }

  /**
   * The keys that a call is kept under, the first being where to write it. A model's answer is
   * given again only to the run that paid for it, so that a run after a failed one asks anew; the
   * same holds for all calls of a run that does a checkpoint's step over.
   */
  #storedKeys(call: Call): readonly string[] {
    const key = this.keyOf(call);
    const { isReplay, runId } = call.place;
    const ownKey = keyOf(key, runId);
    return call.kind === "model" || isReplay ? [ownKey] : [key, ownKey];
  }

  #startAgain(): void {
    this.#counts.clear();
    this.#begun = 0;
    this.#lone = undefined;
    this.#stored = undefined;
  }
}
