import type { Selectable } from "kysely";
import type { TaskKind, TaskStatus } from "../domain/task.ts";

export interface TaskTable {
  task_id: string;
  kind: TaskKind;
  model: string;
  status: TaskStatus;
  input: string;
  result: string | null;
  error: string | null;
  metadata: string;
  webhook: string | null;
  created_by: string | null;
  provider_task_id: string | null;
  cancel_requested: number;
  is_asking: number;
  resubmitted: number;
  attempts: number;
  epoch: number;
  lease_until: number;
  next_at: number;
  deadline_at: number | null;
  asked_at: number | null;
  fallback: string | null;
  created_at: number;
  updated_at: number;
}

export type TaskRow = Selectable<TaskTable>;
