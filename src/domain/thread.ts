import type { Json, JsonObject } from "../core/json.ts";
import type { AccessFilter } from "./access-filter.ts";

export const THREAD_STATUSES = ["idle", "busy", "interrupted", "error"] as const;
export type ThreadStatus = (typeof THREAD_STATUSES)[number];

/** What a thread is when no run of it is waiting or running: the outcome of its last run. */
export type RestStatus = Exclude<ThreadStatus, "busy">;

/** Interrupts that wait for an answer, by the id of the task that threw them. */
export type ThreadInterrupts = Record<string, Json[]>;

export const TTL_STRATEGIES = ["delete", "keep_latest"] as const;

/** What becomes of a thread that nothing has changed for a while; minutes, as on the wire. */
export interface ThreadTtl {
  ttl: number;
  strategy: (typeof TTL_STRATEGIES)[number];
}

/** A conversation; its values live in its checkpoints. Times are milliseconds since the epoch. */
export interface Thread {
  thread_id: string;
  status: ThreadStatus;
  metadata: JsonObject;
  config: JsonObject;
  interrupts: ThreadInterrupts;
  error: JsonObject | null;
  created_at: number;
  updated_at: number;
  state_updated_at: number;
  ttl?: ThreadTtl;
}

export interface ThreadFilter {
  ids?: string[] | undefined;
  status?: ThreadStatus | undefined;
  /** Every key given must be contained in the thread's metadata. */
  metadata?: JsonObject | undefined;
  /** Short plain values that channels of the thread's state must have. */
  values?: Record<string, string | number | boolean | null> | undefined;
  access?: AccessFilter | undefined;
}
export type ThreadSort = "thread_id" | "status" | "created_at" | "updated_at" | "state_updated_at";

/** Bytes that a thread takes in the database, by section. */
export interface ThreadStorage {
  thread: number;
  runs: number;
  events: number;
  checkpoints: number;
  values: number;
  writes: number;
}
