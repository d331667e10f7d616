import { isoTime } from "../core/iso-time.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { type Run, shownKwargs } from "./run.ts";

export const DELIVERY_STATUSES = ["pending", "delivered", "dead"] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

/** The news of the end of a run or a task on its way to a webhook. Times are milliseconds since the epoch. */
export interface WebhookDelivery {
  /** The same in every attempt, for the receiver to know a repetition by. */
  delivery_id: string;
  /** Empty for a task, as is the thread's. */
  run_id: string;
  thread_id: string;
  /** Null for a run. */
  task_id: string | null;
  /** The newest checkpoint of the thread when the run ended. */
  checkpoint_id: string | null;
  url: string;
  /** Null for a task, whose body is there from the beginning. */
  run: Run | null;
  /** What is sent; made at the first attempt. */
  body: JsonObject | null;
  status: DeliveryStatus;
  attempts: number;
  next_attempt_at: number;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
  updated_at: number;
}

/** What a webhook is told of a run that has ended. */
export function webhookBody(run: Run, values: Json): JsonObject {
  const { run_id, thread_id, assistant_id, status, metadata, multitask_strategy, error } = run;
  return {
    run_id,
    thread_id,
    assistant_id,
    status,
    metadata,
    multitask_strategy,
    // A run's arguments are JSON: they came in as such.
    kwargs: JSON.parse(JSON.stringify(shownKwargs(run.kwargs))),
    error,
    created_at: isoTime(run.created_at),
    updated_at: isoTime(run.updated_at),
    run_ended_at: isoTime(run.updated_at),
    values,
  };
}

/** When a failed delivery is tried again: 5 s, doubled each time up to an hour, and up to half as much again. */
export function retryDelayMs(attempts: number, random: number): number {
  const base = Math.min(5000 * 2 ** Math.max(0, attempts - 1), 3_600_000);
  return Math.round(base * (1 + random / 2));
}
