import type { JsonObject } from "../core/json.ts";
import type { AccessFilter } from "../domain/access-filter.ts";
import type { FileInfo } from "../domain/file.ts";
import type { PageOf } from "../domain/page.ts";
import type { Task, TaskFilter } from "../domain/task.ts";

/** A task as the process has it that took it. */
export type TaskClaim = Pick<Task, "task_id" | "epoch">;

/** What a process may note of a task that it has taken. */
export type TaskNote = Partial<
  Pick<
    Task,
    | "status"
    | "provider_task_id"
    | "fallback"
    | "is_asking"
    | "resubmitted"
    | "attempts"
    | "deadline_at"
    | "asked_at"
  >
>;

/** How a task ended, with the files that it brought. */
export interface TaskEnd {
  status: "success" | "error" | "cancelled";
  result: JsonObject | null;
  error: string | null;
  files: readonly { file: FileInfo; bytes: Uint8Array }[];
}

/** As in ports.ts: every method is one whole commit, and absence is `undefined`. */
export interface Tasks {
  /** Rejects with ConflictError when the id is taken. */
  create(task: Task): Promise<void>;
  find(taskId: string, access?: AccessFilter): Promise<Task | undefined>;
  /** Newest first. */
  list(filter: TaskFilter, slice: { limit: number; offset: number }): Promise<PageOf<Task>>;
  /** Asks a task to end, at once; one that has ended stays as it is. */
  requestCancel(taskId: string, now: number, access?: AccessFilter): Promise<Task | undefined>;
  /** Deletes a task that has ended; undefined for no such task, false for one that has not. */
  delete(taskId: string, access?: AccessFilter): Promise<boolean | undefined>;
  /** Takes tasks that are due and nobody has, for `leaseMs`. */
  take(query: { now: number; leaseMs: number; limit: number }): Promise<Task[]>;
  /** Keeps a task for longer; answers whether it was asked to end, undefined when it is lost. */
  renew(
    claim: TaskClaim,
    times: { now: number; leaseMs: number },
  ): Promise<{ cancel_requested: boolean } | undefined>;
  /** Keeps a note of a task; false, and nothing done, when it is lost. */
  note(claim: TaskClaim, note: TaskNote, now: number): Promise<boolean>;
  /** Lets go of a task until `next_at`, or at once where it was asked to end; false when it is lost. */
  release(claim: TaskClaim, note: TaskNote & { next_at: number }, now: number): Promise<boolean>;
  /** Ends a task: its files and the news for its webhook are kept with it; false when it is lost. */
  finish(claim: TaskClaim, end: TaskEnd, now: number): Promise<boolean>;
}
