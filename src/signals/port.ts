/** What a signal is about: runs to claim, runs with new events, running runs that were asked to end, threads with new runs, changed API keys. */
export const SIGNAL_CHANNELS = ["runs", "events", "cancel", "threads", "keys"] as const;

export type SignalChannel = (typeof SIGNAL_CHANNELS)[number];

/** Told the ids of runs, threads or keys; none means that signals were missed and anything may have happened. */
export type SignalListener = (ids: string[]) => void;

/**
 * Hints between the processes on one database. They save waiting for the next look at the database and
 * may be lost, repeated or late: nothing may depend on them. A process does not hear its own.
 */
export interface Signals {
  notify(channel: SignalChannel, ids: string[]): void;
  /** Answers how to stop listening. */
  on(channel: SignalChannel, listener: SignalListener): () => void;
  close(): Promise<void>;
}
