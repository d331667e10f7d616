import type { JsonObject } from "../core/json.ts";

export const CALL_KINDS = ["chat", "embedding", "rerank", "image", "tool"] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** Tokens of one call: cached and written ones are part of the prompt, thinking of the answer. */
export interface UsedTokens {
  prompt_tokens: number;
  cached_tokens: number;
  cache_write_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
}

/** One paid call, finished or not. */
export interface ModelCall extends UsedTokens {
  call_id: string;
  kind: CallKind;
  /** The model config that was called. */
  model_id: string;
  /** The name that the provider answered with. */
  answered_by: string | null;
  run_id: string | null;
  thread_id: string | null;
  assistant_id: string | null;
  /** Identity it was made for, and the key that was used; empty where there is none. */
  owner: string;
  key_id: string;
  /** Texts embedded, documents ranked, images made; 1 for others. */
  units: number;
  /** In millionths of the currency; null where the model has no price. */
  cost_micros: number | null;
  currency: string;
  /** True when the provider reported no usage and the counts are our estimate. */
  estimated: boolean;
  /** The provider's own usage object. */
  usage: JsonObject | null;
  status: "success" | "error" | "cancelled";
  started_at: number;
  duration_ms: number;
}

/** Sums over calls that are paid in one currency. */
export interface UsageSums extends UsedTokens {
  currency: string;
  calls: number;
  /** Those whose tokens are our estimate, those that failed or were cancelled, those without a price. */
  estimated_calls: number;
  failed_calls: number;
  unpriced_calls: number;
  units: number;
  cost_micros: number;
}

export const USAGE_GROUPS = ["model", "assistant", "thread", "day"] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Sums of one model, assistant, thread or day (UTC, `2026-01-31`); null for calls outside of any. */
export interface UsageGroupSums extends UsageSums {
  group: string | null;
}

export interface UsageFilter {
  /** First and last day, as numbers of days since 1970 (UTC). */
  from_day?: number | undefined;
  to_day?: number | undefined;
  model_id?: string | undefined;
  assistant_id?: string | undefined;
  thread_id?: string | undefined;
  owner?: string | undefined;
}

/** Which calls are exported. */
export interface CallFilter extends Omit<UsageFilter, "from_day" | "to_day"> {
  /** From this millisecond on, and before that one. */
  from?: number | undefined;
  before?: number | undefined;
}

export interface UsageReport {
  rows: UsageGroupSums[];
  /** Of all groups, each currency by itself. */
  totals: UsageSums[];
}

/** Tokens that a provider's model counts for one of our estimate, in millionths. */
export interface TokenFactor {
  /** Dialect and name of the model, as the provider knows it. */
  model: string;
  factor_millionths: number;
}

const DAY_MS = 86_400_000;

/** The number of a day since 1970, in UTC. */
export const dayOf = (ms: number): number => Math.floor(ms / DAY_MS);

/** A day as its date in UTC. */
export const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
