import { isoTime } from "../core/iso-time.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { AccessFilter } from "./access-filter.ts";
import type { User } from "./actor.ts";

export const TASK_KINDS = ["chat", "image"] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

export const TASK_STATUSES = ["pending", "running", "success", "error", "cancelled"] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** What is asked of a chat model: OpenAI's messages, tools and parameters. */
export interface ChatInput {
  messages: JsonObject[];
  [parameter: string]: Json | undefined;
}

/** What is asked of an image model; other fields go on to the provider. */
export interface ImageInput {
  prompt: string;
  size?: string | undefined;
  n?: number | undefined;
  [parameter: string]: Json | undefined;
}

export type TaskWork = { kind: "chat"; input: ChatInput } | { kind: "image"; input: ImageInput };

/** The model that is asked instead of a task's own, and why those before it are not. */
export interface TaskFallback {
  model: string;
  tried: { model: string; reason: string }[];
}

/** A call of a model that is made in the background. Times are milliseconds since the epoch. */
export type Task = TaskWork & {
  task_id: string;
  /** The model config that is called. */
  model: string;
  /** `pending` until a provider has it, or the call is begun. */
  status: TaskStatus;
  result: JsonObject | null;
  error: string | null;
  metadata: JsonObject;
  webhook: string | null;
  /** On whose behalf it is done; null for nobody in particular. */
  created_by: User | null;
  /** Null as long as its own model is asked. */
  fallback: TaskFallback | null;
  /** The provider's id of it. */
  provider_task_id: string | null;
  cancel_requested: boolean;
  /** A request that makes it is on its way: if its process died, nobody knows whether it arrived. */
  is_asking: boolean;
  /** It was asked for a second time, because of such a process. */
  resubmitted: boolean;
  /** Failed attempts, or looks at the provider, since something last went forward. */
  attempts: number;
  /** Rises whenever a process takes it: what an earlier one writes changes nothing. */
  epoch: number;
  lease_until: number;
  /** When it is to be gone on with. */
  next_at: number;
  /** When the provider's time is over; null until it has the task. */
  deadline_at: number | null;
  /** When the request was sent that is waited for. */
  asked_at: number | null;
  created_at: number;
  updated_at: number;
};

export interface TaskFilter {
  kind?: TaskKind | undefined;
  status?: TaskStatus | undefined;
  model?: string | undefined;
  access?: AccessFilter | undefined;
}

/** The model config that a task is asked of now. */
export const askedModel = ({ model, fallback }: Pick<Task, "model" | "fallback">): string =>
  fallback?.model ?? model;

export const hasEnded = ({ status }: Pick<Task, "status">): boolean =>
  status !== "pending" && status !== "running";

/** A task as clients and its webhook see it. */
export function taskJson(task: Task): JsonObject {
  const { input, fallback, deadline_at: deadline } = task;
  return {
    task_id: task.task_id,
    kind: task.kind,
    model: task.model,
    status: task.status,
    // It came in as JSON.
    input: JSON.parse(JSON.stringify(input)),
    result: task.result,
    error: task.error,
    metadata: task.metadata,
    webhook: task.webhook,
    fallback: fallback === null ? null : { model: fallback.model, tried: fallback.tried },
    provider_task_id: task.provider_task_id,
    cancel_requested: task.cancel_requested,
    resubmitted: task.resubmitted,
    deadline_at: deadline === null ? null : isoTime(deadline),
    created_at: isoTime(task.created_at),
    updated_at: isoTime(task.updated_at),
  };
}
