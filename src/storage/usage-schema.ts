import type { Selectable } from "kysely";

export interface ModelCallTable {
  call_id: string;
  kind: string;
  model_id: string;
  answered_by: string | null;
  run_id: string | null;
  thread_id: string | null;
  assistant_id: string | null;
  owner: string;
  key_id: string;
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
  cache_write_tokens: number;
  reasoning_tokens: number;
  units: number;
  cost_micros: number | null;
  currency: string;
  estimated: number;
  usage: string | null;
  status: string;
  started_at: number;
  duration_ms: number;
}

export interface SumColumns {
  calls: number;
  estimated_calls: number;
  failed_calls: number;
  unpriced_calls: number;
  prompt_tokens: number;
  cached_tokens: number;
  cache_write_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  units: number;
  cost_micros: number;
}

/** Sums of a day, without regard to threads; ids that a call has not are empty. */
export interface UsageDayTable extends SumColumns {
  owner: string;
  day: number;
  model_id: string;
  assistant_id: string;
  key_id: string;
  kind: string;
  currency: string;
}

export interface UsageThreadTable extends SumColumns {
  thread_id: string;
  day: number;
  model_id: string;
  assistant_id: string;
  owner: string;
  currency: string;
}

export interface UsageRunTable extends SumColumns {
  run_id: string;
  currency: string;
}

export interface TokenFactorTable {
  model: string;
  factor_millionths: number;
}

export type ModelCallRow = Selectable<ModelCallTable>;
