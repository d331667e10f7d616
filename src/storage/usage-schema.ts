import type { Selectable } from "kysely";
import type { BudgetPeriod, BudgetScope } from "../domain/budget.ts";

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

export interface BudgetTable {
  budget_id: string;
  scope: BudgetScope;
  subject: string;
  per: BudgetPeriod;
  currency: string;
  limit_micros: number;
  created_at: number;
  updated_at: number;
}

/** What is spent of a budget by a subject in a period, and held for calls under way. */
export interface BudgetSpendTable {
  budget_id: string;
  subject: string;
  period: string;
  spent_micros: number;
  held_micros: number;
}

export interface BudgetHoldTable {
  call_id: string;
  budget_id: string;
  subject: string;
  period: string;
  rate_millionths: number;
  micros: number;
  holder: string;
  expires_at: number;
}

export type BudgetRow = Selectable<BudgetTable>;
export type ModelCallRow = Selectable<ModelCallTable>;
