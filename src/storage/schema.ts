import type { Generated, Selectable } from "kysely";
import type { RunStatus } from "../domain/run.ts";
import type { ThreadStatus } from "../domain/thread.ts";

/** Times are integer milliseconds, flags 0 or 1, and `*_json` and documents JSON in text. */
export interface Schema {
  assistant: AssistantTable;
  thread: ThreadTable;
  run: RunTable;
  event: EventTable;
  checkpoint: CheckpointTable;
  checkpoint_blob: CheckpointBlobTable;
  checkpoint_write: CheckpointWriteTable;
  model_call: ModelCallTable;
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
}

/** One event, or a run of `text` events of one message: then `seq` is the last one's. */
export interface EventTable {
  run_id: string;
  seq: number;
  first_seq: number;
  kind: string;
  payload: string;
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
  versions: string;
  metadata_type: string;
  metadata: Uint8Array;
  checkpoint_type: string;
  checkpoint: Uint8Array;
}

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
  /** Rises with every write: their order. */
  id: Generated<number>;
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
  task_id: string;
  idx: number;
  run_id: string;
  channel: string;
  type: string;
  value: Uint8Array;
}

export interface ModelCallTable {
  call_id: string;
  model_id: string;
  run_id: string | null;
  thread_id: string | null;
  assistant_id: string | null;
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
  reasoning_tokens: number;
  estimated: number;
  usage: string | null;
  status: string;
  started_at: number;
  duration_ms: number;
}

export type AssistantRow = Selectable<AssistantTable>;
export type ThreadRow = Selectable<ThreadTable>;
export type RunRow = Selectable<RunTable>;
export type CheckpointTableRow = Selectable<CheckpointTable>;
export type ModelCallRow = Selectable<ModelCallTable>;
