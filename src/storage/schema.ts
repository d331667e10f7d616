import type { Selectable } from "kysely";
import type { RunStatus } from "../domain/run.ts";
import type { ThreadStatus, ThreadTtl } from "../domain/thread.ts";
import type { DeliveryStatus } from "../domain/webhook.ts";
import type { FeedbackTable } from "./feedback-port.ts";
import type { KnowledgeSchema } from "./knowledge-schema.ts";
import type { ResponseTable } from "./response-port.ts";
import type { EventTable } from "./event-schema.ts";
import type { TaskTable } from "./task-schema.ts";
import type {
  BudgetHoldTable,
  BudgetSpendTable,
  BudgetTable,
  ModelCallTable,
  TokenFactorTable,
  UsageDayTable,
  UsageRunTable,
  UsageThreadTable,
} from "./usage-schema.ts";

/** Times are integer milliseconds, flags 0 or 1, and `*_json` and documents JSON in text. */
export interface Schema extends KnowledgeSchema {
  assistant: AssistantTable;
  assistant_version: AssistantVersionTable;
  thread: ThreadTable;
  run: RunTable;
  event: EventTable;
  file: FileTable;
  feedback: FeedbackTable;
  task: TaskTable;
  response: ResponseTable;
  checkpoint: CheckpointTable;
  checkpoint_blob: CheckpointBlobTable;
  checkpoint_part: CheckpointPartTable;
  checkpoint_write: CheckpointWriteTable;
  model_call: ModelCallTable;
  usage_day: UsageDayTable;
  usage_thread: UsageThreadTable;
  usage_run: UsageRunTable;
  token_factor: TokenFactorTable;
  budget: BudgetTable;
  budget_spend: BudgetSpendTable;
  budget_hold: BudgetHoldTable;
  cron: CronTable;
  webhook_delivery: WebhookDeliveryTable;
  idempotency_key: IdempotencyKeyTable;
  store_item: StoreItemTable;
  store_vector: StoreVectorTable;
  removed: RemovedTable;
  api_key: ApiKeyTable;
}

export interface AssistantTable {
  assistant_id: string;
  graph_id: string;
  name: string;
  description: string | null;
  config: string;
  context: string;
  metadata: string;
  version: number;
  is_system: number;
  created_at: number;
  updated_at: number;
}

export interface AssistantVersionTable {
  assistant_id: string;
  version: number;
  graph_id: string;
  name: string;
  description: string | null;
  config: string;
  context: string;
  metadata: string;
  created_at: number;
}

export interface ThreadTable {
  thread_id: string;
  status: ThreadStatus;
  /** What the status is when no run is pending or running. */
  rest_status: Exclude<ThreadStatus, "busy">;
  metadata: string;
  config: string;
  interrupts: string;
  error: string | null;
  is_temporary: number;
  created_at: number;
  updated_at: number;
  state_updated_at: number;
  ttl_ms: number | null;
  ttl_strategy: ThreadTtl["strategy"] | null;
  /** What its time of change was when it was last cut down to its newest checkpoint. */
  pruned_at: number | null;
}

export interface RunTable {
  run_id: string;
  thread_id: string;
  assistant_id: string;
  graph_id: string;
  status: RunStatus;
  metadata: string;
  kwargs: string;
  multitask_strategy: string;
  created_at: number;
  updated_at: number;
  epoch: number;
  crashes: number;
  cancel: string | null;
  error: string | null;
  owner: string | null;
  lease_until: number | null;
  webhook: string | null;
  /** 1 once all but its last event are gone. */
  events_dropped: number;
  /** The identity of whoever started it; empty for nobody in particular. */
  created_by: string;
  /** When the last worker took it. */
  claimed_at: number | null;
  /** How long workers before the last had it. */
  spent_ms: number;
  /** The newest checkpoint of its thread when it ended. */
  end_checkpoint_id: string | null;
  /** What it ended waiting for; null when it does not wait. */
  end_interrupts: string | null;
}

export interface CheckpointTable {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
  parent_id: string | null;
  /** The run, claim and worker it was written under; empty for a manual change of state. */
  run_id: string;
  epoch: number;
  owner: string;
  metadata_json: string;
  /** Which rows of checkpoint_blob hold its values, if it was written before 0002. */
  versions: string;
  /** Empty where the metadata is no more than `metadata_json` says. */
  metadata_type: string;
  metadata: Uint8Array;
  checkpoint_type: string;
  checkpoint: Uint8Array;
  channel_values: string;
}

/** A piece of values, named after its content. */
export interface CheckpointPartTable {
  thread_id: string;
  part_id: string;
  /** The one run that needs it; empty when others do too. */
  run_id: string;
  type: string;
  value: Uint8Array;
}

/** Values of checkpoints written before 0002. */
export interface CheckpointBlobTable {
  thread_id: string;
  checkpoint_ns: string;
  version: string;
  channel: string;
  run_id: string;
  type: string;
  value: Uint8Array;
}

export interface CheckpointWriteTable {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
  task_id: string;
  idx: number;
  run_id: string;
  /** Rises with every putWrites to the checkpoint: the order of the writes. */
  position: number;
  channel: string;
  type: string;
  value: Uint8Array;
}

export interface CronTable {
  cron_id: string;
  assistant_id: string;
  thread_id: string | null;
  schedule: string;
  timezone: string | null;
  end_time: number | null;
  enabled: number;
  on_run_completed: "delete" | "keep";
  payload: string;
  metadata: string;
  created_by: string | null;
  next_run_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface WebhookDeliveryTable {
  delivery_id: string;
  run_id: string;
  thread_id: string;
  task_id: string | null;
  checkpoint_id: string | null;
  url: string;
  run: string;
  body: string | null;
  status: DeliveryStatus;
  attempts: number;
  next_attempt_at: number;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
  updated_at: number;
}

export interface IdempotencyKeyTable {
  actor: string;
  key: string;
  fingerprint: string;
  resource_id: string;
  is_done: number;
  reserved_until: number;
  expires_at: number;
}

export interface StoreItemTable {
  item_id: string;
  owner: string;
  /** Each label with a dot after it, so that whole labels are found by their beginning. */
  namespace: string;
  key: string;
  value: string;
  created_at: number;
  updated_at: number;
  ttl_ms: number | null;
  expires_at: number | null;
  terms: string | null;
}

export interface StoreVectorTable {
  item_id: string;
  space: string;
  /** Numbers of 32 bits, little end first. */
  vectors: Uint8Array;
}

export interface ApiKeyTable {
  key_id: string;
  name: string;
  /** SHA-256 of the secret. */
  hash: string;
  prefix: string;
  last4: string;
  owner: string;
  is_admin: number;
  limits: string;
  created_at: number;
  rotated_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

/** What is deleted, and whose rows are yet to be cleared away: a thread, or with a run id that run of it. */
export interface RemovedTable {
  thread_id: string;
  run_id: string;
}

export interface FileTable {
  file_id: string;
  content_type: string;
  size: number;
  metadata: string;
  created_at: number;
  /** The thread that it is deleted with; null for one that stays. */
  thread_id: string | null;
  bytes: Uint8Array;
}

export type AssistantRow = Selectable<AssistantTable>;
export type AssistantVersionRow = Selectable<AssistantVersionTable>;
export type ThreadRow = Selectable<ThreadTable>;
export type RunRow = Selectable<RunTable>;
export type CheckpointTableRow = Selectable<CheckpointTable>;
export type CronRow = Selectable<CronTable>;
export type StoreItemRow = Selectable<StoreItemTable>;
export type ApiKeyRow = Selectable<ApiKeyTable>;
export type WebhookDeliveryRow = Selectable<WebhookDeliveryTable>;
export type FileRow = Selectable<FileTable>;
