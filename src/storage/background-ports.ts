import type { JsonObject } from "../core/json.ts";
import type { AccessFilter } from "../domain/access-filter.ts";
import type { Cron, CronChange, CronFilter, CronSort } from "../domain/cron.ts";
import type { Page, PageOf } from "../domain/page.ts";
import type { ThreadStorage, ThreadTtl } from "../domain/thread.ts";
import type { DeliveryStatus, WebhookDelivery } from "../domain/webhook.ts";

/** As in ports.ts: every method is one whole commit, and absence is `undefined`. */
export interface Crons {
  /** Rejects with ConflictError when the id is taken. */
  create(cron: Cron): Promise<void>;
  find(cronId: string, access?: AccessFilter): Promise<Cron | undefined>;
  search(filter: CronFilter, page: Page<CronSort>): Promise<PageOf<Cron>>;
  /** Keys of the metadata that decide on access stay as they are. */
  patch(cronId: string, change: CronChange, access?: AccessFilter): Promise<Cron | undefined>;
  delete(cronId: string, access?: AccessFilter): Promise<boolean>;
  /** Enabled crons whose next slot has come, earliest first. */
  due(now: number, limit: number): Promise<Cron[]>;
  /** Moves on from a slot; false when the cron is not at that slot any more. */
  advance(
    slot: { cron_id: string; at: number },
    next: { at: number | null; enabled?: false },
  ): Promise<boolean>;
}

export interface Webhooks {
  find(deliveryId: string, access?: AccessFilter): Promise<WebhookDelivery | undefined>;
  /** Newest change first. */
  list(query: {
    status?: DeliveryStatus | undefined;
    /** What the metadata of its run have to meet. */
    access?: AccessFilter | undefined;
    limit: number;
    offset: number;
  }): Promise<PageOf<WebhookDelivery>>;
  /** Takes due deliveries for `leaseMs`, each counted as an attempt. */
  take(query: { now: number; leaseMs: number; limit: number }): Promise<WebhookDelivery[]>;
  /** Keeps the body, so that every attempt sends the same. */
  keepBody(deliveryId: string, body: JsonObject): Promise<void>;
  /** What came of an attempt; nothing when another one has begun since. */
  settle(
    attempt: { delivery_id: string; attempts: number },
    result: {
      status: DeliveryStatus;
      next_attempt_at: number;
      last_status: number | null;
      last_error: string | null;
      now: number;
    },
  ): Promise<void>;
  /** Puts a delivery that is dead or delivered back in line, with all its attempts. */
  replay(deliveryId: string, now: number): Promise<WebhookDelivery | undefined>;
  /** Deletes ended deliveries of a status that changed last before a time. */
  sweep(query: { status: DeliveryStatus; before: number; limit: number }): Promise<number>;
}

/** What a key stands for: the request it came with, and the id of what that request creates. */
export interface KeyReservation {
  actor: string;
  key: string;
  fingerprint: string;
  resource_id: string;
}

export type KeyState =
  /** The key is this request's: it may create `resource_id`. A second try when an earlier one broke off. */
  | { state: "mine"; resource_id: string; isRetake: boolean }
  /** An earlier request has the key and is not done yet. */
  | { state: "busy"; resource_id: string; fingerprint: string }
  | { state: "done"; resource_id: string; fingerprint: string };

export interface IdempotencyKeys {
  /** Takes the key until `reserved_until`, or answers who has it. */
  reserve(
    reservation: KeyReservation,
    times: { now: number; reserved_until: number; expires_at: number },
  ): Promise<KeyState>;
  /** The request has created what it should; the id may be another than the one reserved. */
  complete(owner: { actor: string; key: string }, resourceId: string): Promise<void>;
  /** The request came to nothing: the key is free. */
  release(owner: { actor: string; key: string }): Promise<void>;
  /** What came of the request is not known: the same one may be tried again at once. */
  breakOff(owner: { actor: string; key: string }): Promise<void>;
  /** Deletes expired keys, at most so many. */
  sweep(now: number, limit: number): Promise<number>;
}

/** A thread at the moment it was looked through. */
export interface ThreadMark {
  updated_at: number;
  newest: string | null;
}

export interface CheckpointPlace {
  checkpoint_ns: string;
  checkpoint_id: string;
}

export interface Pruning {
  /** Idle threads whose time to live has passed. */
  expired(
    now: number,
    limit: number,
  ): Promise<{ thread_id: string; strategy: ThreadTtl["strategy"] }[]>;
  /** Idle threads that changed after a time, the one longest unchanged first. */
  changed(
    after: { updated_at: number; thread_id: string },
    limit: number,
  ): Promise<{ thread_id: string; updated_at: number }[]>;
  /** Deletes a thread with all it has; false when it is missing, busy or, with `unchangedSince`, changed since. */
  deleteThread(threadId: string, unchangedSince?: number): Promise<boolean>;
  /** The checkpoints of a thread before its newest `keep`, the oldest first; undefined when it is missing or busy. */
  oldCheckpoints(
    threadId: string,
    keep: number,
  ): Promise<{ seen: ThreadMark; places: CheckpointPlace[] } | undefined>;
  /** Deletes such checkpoints; false, and nothing done, when the thread is busy or has changed since `seen`. */
  dropCheckpoints(
    threadId: string,
    old: { seen: ThreadMark; places: readonly CheckpointPlace[] },
  ): Promise<boolean>;
  /** Pieces of values that no checkpoint of a thread needs, as of `seen`; undefined for no such thread. */
  unusedParts(threadId: string): Promise<{ seen: ThreadMark; partIds: string[] } | undefined>;
  /** Deletes such pieces; false, and nothing done, when the thread is busy or has changed since `seen`. */
  dropParts(threadId: string, unused: { seen: ThreadMark; partIds: string[] }): Promise<boolean>;
  /** Notes that a thread is down to its newest checkpoint, until it changes again. */
  markPruned(threadId: string, seen: ThreadMark): Promise<void>;
  /** Runs that ended before a time and still have more than their last event. */
  runsToDrop(endedBefore: number, limit: number): Promise<string[]>;
  /** Deletes at most so many events of an ended run, never its last; answers how many. */
  dropEvents(runId: string, limit: number): Promise<number>;
  /** Ended runs with more than `keep` events that changed after a time, the one longest unchanged first. */
  longRuns(query: {
    after: number;
    keep: number;
    limit: number;
  }): Promise<{ run_id: string; updated_at: number }[]>;
  /** Deletes at most so many events of an ended run before its newest `keep`; the heads of messages stay. */
  trimEvents(runId: string, options: { keep: number; limit: number }): Promise<number>;
  storageOf(threadId: string): Promise<ThreadStorage | undefined>;
}
