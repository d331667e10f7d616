import { LeaseLostError } from "../core/errors.ts";
import type { RunEvent } from "../domain/event.ts";
import type { Fence } from "../domain/run.ts";
import type { Events, Runs } from "../storage/ports.ts";
import type { Signals } from "../signals/port.ts";
import { ReadSize } from "./event-size.ts";
import { Feed } from "./feed.ts";
import type { Bus, EventWriter, LiveEvent, ThreadWatch } from "./port.ts";
import { Writer } from "./writer.ts";
import { ThreadWatches } from "./thread-watches.ts";

const TERMINAL = new Set(["success", "error", "timeout", "interrupted"]);

interface Pending {
  writer: Writer;
  events: LiveEvent[];
  settle: { resolve: () => void; reject: (error: unknown) => void }[];
}

export interface BusOptions {
  /** How long events of running runs are gathered before they are stored together. */
  flushMs: number;
  /** How often a follower looks at the database unasked; undefined where no other process writes to it. */
  pollMs?: number | undefined;
  signals: Signals;
}

/** Events in the database, handed to this process's followers from memory once they are stored. */
export class DatabaseBus implements Bus {
  readonly #events: Events;
  readonly #runs: Pick<Runs, "find">;
  readonly #options: BusOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #watches = new ThreadWatches();
  /** By writer, not by run: an attempt whose lease is lost may still write beside its successor. */
  readonly #pending = new Map<Writer, Pending>();
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;

  constructor(storage: { events: Events; runs: Pick<Runs, "find"> }, options: BusOptions) {
    this.#events = storage.events;
    this.#runs = storage.runs;
    this.#options = options;
    options.signals.on("events", (runIds) => {
      for (const runId of runIds.length > 0 ? runIds : this.#feeds.keys()) this.#deliver(runId, []);
    });
    options.signals.on("threads", (threadIds) => this.#watches.tell(threadIds));
  }

  async openWriter(fence: Fence, onFailure?: (error: unknown) => void): Promise<EventWriter> {
    // The first attempt of a run finds no events.
    const lastSeq = fence.epoch === 1 ? 0 : await this.#events.lastSeq(fence.run_id);
    const feed = this.#feed(fence.run_id);
    if (feed.writers++ === 0) feed.begin(lastSeq);
    return new Writer(this, { fence, lastSeq, onFailure });
  }

  release(runId: string): void {
    const feed = this.#feeds.get(runId);
    if (!feed) return;
    feed.writers--;
    feed.touch();
    this.#drop(runId, feed);
  }

  publish(runId: string, events: LiveEvent[]): void {
    this.#options.signals.notify("events", [runId]);
    this.#deliver(runId, events);
  }

  #deliver(runId: string, events: LiveEvent[]): void {
    const feed = this.#feeds.get(runId);
    if (!feed) return;
    if (events.length > 0) feed.push(events);
    else feed.touch();
    this.#drop(runId, feed);
  }

  announce(threadId: string): void {
    this.#options.signals.notify("threads", [threadId]);
    this.#watches.tell([threadId]);
  }

  watchThread(threadId: string): ThreadWatch {
    return this.#watches.open(threadId);
  }

  async *kept(runId: string): AsyncGenerator<RunEvent[], void> {
    const size = new ReadSize();
    for (let after = 0; ;) {
      const batch = await this.#events.read(runId, after, size.events);
      const last = batch.at(-1);
      if (!last) return;
      size.learn(batch);
      after = last.seq;
      yield batch;
    }
  }

  async *follow(
    runId: string,
    { after, signal }: { after: number; signal: AbortSignal },
  ): AsyncGenerator<LiveEvent[], void> {
    const feed = this.#feed(runId);
    feed.followers++;
    let cursor = after;
    // A run that is written here tells of its changes, so there is nothing to look for.
    let looked = feed.writers > 0 ? feed.touches : 0;
    // Known before the read that follows: the last events of a run are committed with its end.
    let isOver = false;
    const size = new ReadSize();
    try {
      while (!signal.aborted) {
        const { version, touches } = feed;
        const known = feed.after(cursor) ?? [];
        // Also read when the run was touched: another process may have gone on with it.
        const isCurrent = !isOver && looked === touches && feed.reaches(cursor);
        const batch =
          known.length > 0 || isCurrent
            ? known
            : await this.#events.read(runId, cursor, size.events);
        const last = batch.at(-1);
        if (last) {
          if (batch !== known) size.learn(batch);
          cursor = last.seq;
          yield batch;
          if (last.kind === "end") return;
        } else if (isOver) return;
        else if (looked !== touches) {
          looked = touches;
          const run = await this.#runs.find(runId);
          if (!run) return;
          isOver = TERMINAL.has(run.status);
        } else if (!(await feed.changed(version, { signal, withinMs: this.#options.pollMs })))
          looked = 0;
      }
    } finally {
      feed.followers--;
      this.#drop(runId, feed);
    }
  }

  /** Puts an event in line; the first one of an attempt and of a message go out at once, later ones in groups. */
  enqueue(writer: Writer, event: LiveEvent): void {
    this.#line(writer).events.push(event);
    if (writer.isFresh || event.kind === "message") {
      writer.isFresh = false;
      this.#soon ??= setImmediate(() => void this.#flush());
    } else this.#timer ??= setTimeout(() => void this.#flush(), this.#options.flushMs);
  }

  flush(writer: Writer): Promise<void> {
    if (!this.#pending.has(writer)) return writer.storing;
    return new Promise((resolve, reject) => {
      this.#line(writer).settle.push({ resolve, reject });
      this.#soon ??= setImmediate(() => void this.#flush());
    });
  }

  take(writer: Writer): LiveEvent[] {
    const pending = this.#pending.get(writer);
    this.#pending.delete(writer);
    for (const { resolve } of pending?.settle ?? []) resolve();
    return pending?.events ?? [];
  }

  async #flush(): Promise<void> {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
    this.#timer = this.#soon = undefined;
    await Promise.all(apart(this.#takeReady()).map((part) => this.#storeInOrder(part)));
  }

  /**
   * What can be stored now. Not that of a writer whose last commit is still on its way: on Postgres a later one
   * could be done first, and readers would miss the earlier one. Nor that of one whose commit failed: its
   * events would leave a gap.
   */
  #takeReady(): Pending[] {
    const ready: Pending[] = [];
    for (const pending of this.#pending.values()) {
      const { writer, settle } = pending;
      if (writer.isStoring) continue;
      this.#pending.delete(writer);
      if (writer.failure === undefined) ready.push(pending);
      else for (const { reject } of settle) reject(writer.failure);
    }
    return ready;
  }

  async #storeInOrder(batch: Pending[]): Promise<void> {
    const stored = this.#store(batch);
    for (const { writer } of batch) {
      writer.storing = stored;
      writer.isStoring = true;
    }
    await stored;
    for (const { writer } of batch) writer.isStoring = false;
    if (batch.some(({ writer }) => this.#pending.has(writer)))
      this.#soon ??= setImmediate(() => void this.#flush());
  }

  async #store(batch: Pending[]): Promise<void> {
    try {
      const { lost } = await this.#events.append(
        batch.map(({ writer, events }) => ({ fence: writer.fence, events })),
      );
      const gone = new Set(lost);
      for (const { writer, events, settle } of batch) {
        if (gone.has(writer.fence.run_id)) {
          const failure = new LeaseLostError(writer.fence.run_id);
          for (const { reject } of settle) reject(failure);
          writer.fail(failure);
        } else {
          this.publish(writer.fence.run_id, events);
          for (const { resolve } of settle) resolve();
        }
      }
    } catch (error) {
      for (const { writer, settle } of batch) {
        for (const { reject } of settle) reject(error);
        writer.fail(error);
      }
    }
  }

  #line(writer: Writer): Pending {
    let pending = this.#pending.get(writer);
    if (!pending) this.#pending.set(writer, (pending = { writer, events: [], settle: [] }));
    return pending;
  }

  #feed(runId: string): Feed {
    let feed = this.#feeds.get(runId);
    if (!feed) this.#feeds.set(runId, (feed = new Feed()));
    return feed;
  }

  #drop(runId: string, feed: Feed): void {
    if (feed.followers === 0 && feed.writers === 0 && this.#feeds.get(runId) === feed)
      this.#feeds.delete(runId);
  }
}

/** A commit names what it left out by run, so two attempts of one run never share a commit. */
function apart(batch: readonly Pending[]): Pending[][] {
  const parts: Map<string, Pending>[] = [];
  for (const pending of batch) {
    const { run_id } = pending.writer.fence;
    const free = parts.find((part) => !part.has(run_id));
    if (free) free.set(run_id, pending);
    else parts.push(new Map([[run_id, pending]]));
  }
  return parts.map((part) => [...part.values()]);
}
