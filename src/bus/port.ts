import type { Json } from "../core/json.ts";
import type { RunEvent, RunEventBody } from "../domain/event.ts";
import type { Fence } from "../domain/run.ts";

/** An event as a follower of this process sees it: `live` spares it the way to the checkpoint. */
export type LiveEvent = RunEvent & { readonly live?: (() => Json) | undefined };

/** Numbers and keeps the events of one attempt of a run. */
export interface EventWriter {
  /** Adds an event; it reaches followers once it is stored. */
  append(body: RunEventBody, live?: () => Json): void;
  /** Resolves when all events so far are stored; rejects with LeaseLostError when the fence did not hold. */
  flush(): Promise<void>;
  /** Takes out what is not stored yet, to be stored with the end of the run, and closes the writer. */
  close(): Promise<LiveEvent[]>;
  /** Says that the attempt is over, however it ended; followers look at the run themselves from now on. */
  release(): void;
}

export interface Bus {
  /** `onFailure` is told as soon as events could not be stored, with LeaseLostError when the fence did not hold. */
  openWriter(fence: Fence, onFailure?: (error: unknown) => void): Promise<EventWriter>;
  /** Tells followers of events that another commit has stored. */
  publish(runId: string, events: LiveEvent[]): void;
  /** All events of a run that are stored by now, in order, in batches. */
  kept(runId: string): AsyncGenerator<RunEvent[], void>;
  /**
   * All events of a run after `after`, kept and to come, in order, in batches; ends after its `end` event,
   * or when the run is gone. Replay and live are one cursor, so nothing is lost between them.
   */
  follow(
    runId: string,
    options: { after: number; signal: AbortSignal },
  ): AsyncGenerator<LiveEvent[], void>;
  /** Tells who watches a thread that it has a new run. */
  announce(threadId: string): void;
  /** Watches a thread for new runs, of this process and of others. */
  watchThread(threadId: string): ThreadWatch;
}

export interface ThreadWatch {
  /** Resolves when the thread may have a new run since the last call, at the abort, or in time. */
  changed(options: { signal: AbortSignal; withinMs?: number }): Promise<void>;
  close(): void;
}
