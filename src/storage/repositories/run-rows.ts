import type { CancelAction, MultitaskStrategy, Run } from "../../domain/run.ts";
import { fromJson, fromJsonOrNull, jsonOrNull } from "../json-column.ts";
import type { RunRow } from "../schema.ts";

// Only `accept` and a cancel write these two columns.
const toStrategy = (text: string) => text as MultitaskStrategy;
export const toCancel = (text: string | null) => text as CancelAction | null;

export const toRun = (row: RunRow): Run => ({
  run_id: row.run_id,
  thread_id: row.thread_id,
  assistant_id: row.assistant_id,
  graph_id: row.graph_id,
  status: row.status,
  metadata: fromJson(row.metadata),
  kwargs: fromJson(row.kwargs),
  multitask_strategy: toStrategy(row.multitask_strategy),
  cancel: toCancel(row.cancel),
  created_at: row.created_at,
  updated_at: row.updated_at,
  epoch: row.epoch,
  crashes: row.crashes,
  error: fromJsonOrNull(row.error),
  spent_ms: row.spent_ms,
  end_checkpoint_id: row.end_checkpoint_id,
  end_interrupts: fromJsonOrNull(row.end_interrupts),
});

export const fromRun = (run: Run): RunRow => ({
  run_id: run.run_id,
  thread_id: run.thread_id,
  assistant_id: run.assistant_id,
  graph_id: run.graph_id,
  status: run.status,
  multitask_strategy: run.multitask_strategy,
  created_at: run.created_at,
  updated_at: run.updated_at,
  epoch: run.epoch,
  crashes: run.crashes,
  cancel: run.cancel,
  metadata: JSON.stringify(run.metadata),
  kwargs: JSON.stringify(run.kwargs),
  error: jsonOrNull(run.error),
  owner: null,
  lease_until: null,
  webhook: run.kwargs.webhook ?? null,
  events_dropped: 0,
  created_by: run.kwargs.user?.identity ?? "",
  claimed_at: null,
  spent_ms: run.spent_ms,
  end_checkpoint_id: run.end_checkpoint_id,
  end_interrupts: jsonOrNull(run.end_interrupts),
});
