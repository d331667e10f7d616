import type { Clock } from "../core/clock.ts";
import type { AccessFilter } from "../domain/access-filter.ts";
import type { Assistant, AssistantFilter, AssistantSort } from "../domain/assistant.ts";
import type { JsonObject } from "../core/json.ts";
import type { RunEvent } from "../domain/event.ts";
import type { FeedbackRows } from "./feedback-port.ts";
import type { Files } from "./file-ports.ts";
import type { Page, PageOf } from "../domain/page.ts";
import type { CancelAction, Fence, Run, RunOutcome, RunPlace, RunStatus } from "../domain/run.ts";
import type {
  Thread,
  ThreadFilter,
  ThreadInterrupts,
  ThreadSort,
  ThreadTtl,
  RestStatus,
} from "../domain/thread.ts";
import type { AssistantChanges } from "./assistant-ports.ts";
import type { ThreadCollection } from "./thread-ports.ts";
import type { ItemRows } from "./items-port.ts";
import type { KnowledgeRows } from "./knowledge-port.ts";
import type { Removals, RowKinds } from "./removal-ports.ts";
import type { Responses } from "./response-port.ts";
import type { Tasks } from "./task-port.ts";
import type { ApiKeys } from "./keys-port.ts";
import type { Crons, IdempotencyKeys, Pruning, Webhooks } from "./background-ports.ts";
import type { Budgets } from "./budget-port.ts";
import type { UsageRows } from "./usage-port.ts";

/**
 * What services, saver and workers need of a database. Every method is one whole commit: when its
 * promise resolves the change is durable, when it rejects nothing of it is. Absence is `undefined`,
 * and rows that do not meet a given `access` are absent.
 */
export interface Storage {
  /** What leases and due times are measured by, where several processes share the database. */
  readonly clock: Clock | undefined;
  readonly assistants: Assistants;
  readonly threads: Threads;
  readonly runs: Runs;
  readonly events: Events;
  readonly files: Files;
  readonly feedback: FeedbackRows;
  readonly checkpoints: Checkpoints;
  readonly usage: UsageRows;
  readonly budgets: Budgets;
  readonly crons: Crons;
  readonly webhooks: Webhooks;
  readonly idempotency: IdempotencyKeys;
  readonly pruning: Pruning;
  readonly items: ItemRows;
  readonly knowledge: KnowledgeRows;
  readonly removals: Removals;
  readonly apiKeys: ApiKeys;
  readonly tasks: Tasks;
  readonly responses: Responses;
  /** Deletes rows of the kinds named; system assistants stay. For tests only. */
  truncate(kinds: RowKinds): Promise<void>;
  close(): Promise<void>;
}

export interface Assistants extends AssistantChanges {
  /** Makes exactly these graphs' system assistants present; those of other graphs are removed. */
  syncSystem(assistants: Assistant[]): Promise<void>;
  /** System assistants meet every `access`. */
  find(assistantId: string, access?: AccessFilter): Promise<Assistant | undefined>;
  search(filter: AssistantFilter, page: Page<AssistantSort>): Promise<PageOf<Assistant>>;
}

export interface Threads extends ThreadCollection {
  /** Rejects with ConflictError when the id is taken. */
  create(thread: Thread): Promise<void>;
  find(threadId: string, access?: AccessFilter): Promise<Thread | undefined>;
  search(filter: ThreadFilter, page: Page<ThreadSort>): Promise<PageOf<Thread>>;
  /** Merges metadata key by key, but for those that decide on access; `now` becomes updated_at. */
  patch(
    threadId: string,
    change: {
      metadata: JsonObject;
      ttl?: ThreadTtl;
      now: number;
      access?: AccessFilter | undefined;
    },
  ): Promise<Thread | undefined>;
  /** After a manual change of state: new rest status and interrupts; refused with ConflictError while a run is pending or running. */
  settle(
    threadId: string,
    change: {
      rest_status: RestStatus;
      interrupts: ThreadInterrupts;
      metadata: JsonObject;
      now: number;
    },
  ): Promise<void>;
  /** The thread with its runs, events and checkpoints. False when there was none. */
  delete(threadId: string, access?: AccessFilter): Promise<boolean>;
}

export interface AcceptedRun {
  run: Run;
  /** Running runs of the thread that were asked to end, by the new run's multitask strategy. */
  cancelled: string[];
  /** Pending runs of the thread that it ended here and now. */
  ended: string[];
  /** The run as the worker that offered to has claimed it; absent when it has to wait. */
  claimed?: Run;
}

/** A worker and how long its lease on a run lasts. */
export interface LeaseTerms {
  owner: string;
  leaseMs: number;
}

/** A run whose lease its worker has just extended. */
export interface RenewedRun extends Fence {
  cancel: CancelAction | null;
}

/** How many runs may wait at a time: of all together, and of one owner where owners are told apart. */
export interface QueueLimits {
  all: number;
  perOwner: number;
}

/** A run that is to be accepted, and what that does to its thread. */
export interface NewRun {
  run: Run;
  create_thread?: Thread;
  thread_metadata: JsonObject;
  thread_config: JsonObject;
  max_pending?: QueueLimits;
  access?: AccessFilter | undefined;
}

export interface ActiveRunQuery {
  status: readonly ("pending" | "running")[];
  thread_id?: string | undefined;
  access?: AccessFilter | undefined;
  /** The id to go on after. */
  after?: string | undefined;
  limit: number;
}

export interface Runs {
  /**
   * Takes a run in: makes the thread when `create_thread` is given and it is missing (NotFoundError
   * when not given), applies the multitask strategy (`reject` rejects with ConflictError while another
   * run is pending or running; `interrupt` and `rollback` flag the running one and end the pending
   * ones: `interrupted`, or deleted), inserts the run as pending and makes the thread busy.
   * `thread_metadata` is merged into the thread, `thread_config` replaces keys of its config. Rejects
   * with the error `limit` when so many runs of all, or of its owner, wait already. A thread that does not meet `access` is
   * not there. With `worker` the run is leased to it in the same commit when no other run of the thread is
   * pending or running.
   */
  accept(input: NewRun & { worker?: LeaseTerms }): Promise<AcceptedRun>;
  /** As `accept`, all of them in one commit: one that is refused refuses all. */
  acceptAll(inputs: readonly NewRun[]): Promise<AcceptedRun[]>;
  /** Pending or running runs of threads that meet `access`, in the order of their ids. */
  active(query: ActiveRunQuery): Promise<{ run_id: string; thread_id: string }[]>;
  countActive(): Promise<{ pending: number; running: number }>;
  /** Leases the oldest pending run (created_at not in the future) whose thread has none running: status running, epoch + 1. */
  claim(owner: string, lease: { now: number; leaseMs: number }): Promise<Run | undefined>;
  /**
   * Before an end with `remove: "run"`: takes back a bounded piece of what the run stored in its thread, the
   * newest first; answers whether more is left. Rejects with LeaseLostError when the fence does not hold.
   */
  undo(fence: Fence): Promise<boolean>;
  /**
   * Ends a run under its fence, with its last events, in one commit: run status, events, thread status
   * (error, interrupted, busy when others wait, idle), interrupts, state_updated_at.
   * With `remove: "run"` (rollback) the run row, its events and its checkpoints go, and the thread is
   * again what the run before it left it as.
   */
  finish(
    fence: Fence,
    end: { outcome: RunOutcome; events: RunEvent[]; now: number; remove?: "run" },
  ): Promise<void>;
  /**
   * Extends the leases of all running runs of a worker at once and answers them: a run that is missing
   * twice in a row is lost. By the database's clock where it has one.
   */
  renewAll(owner: string, lease: { now: number; leaseMs: number }): Promise<RenewedRun[]>;
  /** Running runs whose lease has ended go back to pending, crashes + 1. Answers those runs. */
  reclaim(now: number): Promise<Run[]>;
  /** Gives a running run back to the queue under its fence, counting a crash only when `hasCrashed`. */
  release(fence: Fence, now: number, hasCrashed?: boolean): Promise<void>;
  /**
   * Asks for the end of a run. pending: ended here and now (`interrupted` with an end event, or deleted on
   * rollback). running: flagged. Otherwise nothing. Answers what the run's status was, undefined for none.
   */
  requestCancel(runId: string, action: CancelAction, now: number): Promise<RunStatus | undefined>;
  /** At the start of the only process: every running run goes back to pending, crashes + 1. Answers those runs. */
  takeOver(now: number): Promise<Run[]>;
  find(runId: string): Promise<Run | undefined>;
  /**
   * The next run of a thread in the order they are executed: after another one, or the first that has not
   * ended or did so at or after a time.
   */
  next(
    threadId: string,
    from: { after: RunPlace } | { endedSince: number },
  ): Promise<Run | undefined>;
  /** Newest first. */
  list(
    threadId: string,
    query: { limit: number; offset: number; status?: RunStatus },
  ): Promise<Run[]>;
  /** Deletes a run that is not running, with its events; recomputes the thread's status. Rejects with ConflictError when running. */
  delete(runId: string, now: number): Promise<boolean>;
  /** Deletes ended temporary threads whose last update is older than `before`, so many at most. Answers how many. */
  sweepTemporary(before: number, limit: number): Promise<number>;
}

export interface Events {
  /** Appends under each run's fence, all in one commit; a run whose fence does not hold is left out and named. */
  append(batch: { fence: Fence; events: RunEvent[] }[]): Promise<{ lost: string[] }>;
  /** Events with a greater seq, in order: about `limit`, up to the end of what was stored together. */
  read(runId: string, after: number, limit: number): Promise<RunEvent[]>;
  lastSeq(runId: string): Promise<number>;
  /** How far a reader of the events up to `seq` is behind; counts no further than it takes to exceed `events`. */
  lag(runId: string, seq: number, limit: { events: number }): Promise<ReaderLag>;
}

/** What of a run's record a reader does not have yet. */
export interface ReaderLag {
  events: number;
  bytes: number;
}

/** A serialised value: the serializer's type tag and its bytes. */
export interface Blob {
  type: string;
  bytes: Uint8Array;
}

export interface CheckpointRow {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
  parent_id: string | null;
  /** The checkpoint without its channel values. */
  checkpoint: Blob;
  metadata: Blob;
  /** The same metadata as plain JSON, for filters. */
  metadata_json: JsonObject;
  /** The packed value of each channel; what it shares with others is in parts. */
  values: Record<string, string>;
}

/** A piece of values, named after its content: each is kept once in a thread. */
export interface Part {
  part_id: string;
  value: Blob;
}

export interface StoredWrite {
  task_id: string;
  idx: number;
  channel: string;
  value: Blob;
}

export interface StoredCheckpoint extends CheckpointRow {
  writes: StoredWrite[];
}

export interface Checkpoints {
  /** Keeps a checkpoint and those of its parts that are new. Under a fence when given (LeaseLostError). */
  put(row: CheckpointRow, input?: { parts?: Part[]; fence?: Fence }): Promise<void>;
  /** Keeps pending writes and their parts; an existing (task, idx >= 0) stays as it was, a negative idx is replaced. */
  putWrites(
    key: { thread_id: string; checkpoint_ns: string; checkpoint_id: string },
    input: { writes: StoredWrite[]; parts?: Part[]; fence?: Fence },
  ): Promise<void>;
  /** The named checkpoint, or the newest of the namespace. */
  get(key: {
    thread_id: string;
    checkpoint_ns: string;
    checkpoint_id?: string;
  }): Promise<StoredCheckpoint | undefined>;
  /** Newest first. */
  list(query: {
    thread_id?: string;
    checkpoint_ns?: string;
    checkpoint_id?: string;
    before?: string;
    limit?: number;
    filter?: JsonObject;
  }): Promise<StoredCheckpoint[]>;
  /** Those of the parts named that the thread has. */
  parts(threadId: string, partIds: readonly string[]): Promise<Part[]>;
  /** Whether a run has stored an answer for whoever asks first in a thread, and no task of it has used one. */
  isAnswerWaiting(run: { thread_id: string; run_id: string }): Promise<boolean>;
  deleteThread(threadId: string): Promise<void>;
}
