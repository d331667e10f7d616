import { dayOf, type ModelCall, type UsageSums } from "../../domain/usage.ts";
import { fromJsonOrNull, jsonOrNull } from "../json-column.ts";
import type { ModelCallRow, SumColumns } from "../usage-schema.ts";

// Only `fromCall` writes these columns.
const toStatus = (text: string) => text as ModelCall["status"];
const toKind = (text: string) => text as ModelCall["kind"];

export const toCall = (row: ModelCallRow): ModelCall => ({
  ...row,
  kind: toKind(row.kind),
  status: toStatus(row.status),
  estimated: row.estimated === 1,
  usage: fromJsonOrNull(row.usage),
});

export const fromCall = (call: ModelCall): ModelCallRow => ({
  call_id: call.call_id,
  kind: call.kind,
  model_id: call.model_id,
  answered_by: call.answered_by,
  run_id: call.run_id,
  thread_id: call.thread_id,
  assistant_id: call.assistant_id,
  owner: call.owner,
  key_id: call.key_id,
  prompt_tokens: call.prompt_tokens,
  completion_tokens: call.completion_tokens,
  cached_tokens: call.cached_tokens,
  cache_write_tokens: call.cache_write_tokens,
  reasoning_tokens: call.reasoning_tokens,
  units: call.units,
  cost_micros: call.cost_micros,
  currency: call.currency,
  estimated: call.estimated ? 1 : 0,
  usage: jsonOrNull(call.usage),
  status: call.status,
  started_at: call.started_at,
  duration_ms: call.duration_ms,
});

export const SUM_COLUMNS = [
  "calls",
  "estimated_calls",
  "failed_calls",
  "unpriced_calls",
  "prompt_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "completion_tokens",
  "reasoning_tokens",
  "units",
  "cost_micros",
] as const satisfies readonly (keyof SumColumns)[];

/** What one call adds to the sums. */
const sumsOf = (call: ModelCall): SumColumns => ({
  calls: 1,
  estimated_calls: call.estimated ? 1 : 0,
  failed_calls: call.status === "success" ? 0 : 1,
  unpriced_calls: call.cost_micros === null ? 1 : 0,
  prompt_tokens: call.prompt_tokens,
  cached_tokens: call.cached_tokens,
  cache_write_tokens: call.cache_write_tokens,
  completion_tokens: call.completion_tokens,
  reasoning_tokens: call.reasoning_tokens,
  units: call.units,
  cost_micros: call.cost_micros ?? 0,
});

export const dayKey = (call: ModelCall) => ({
  owner: call.owner,
  day: dayOf(call.started_at),
  model_id: call.model_id,
  assistant_id: call.assistant_id ?? "",
  key_id: call.key_id,
  kind: call.kind,
  currency: call.currency,
});

export const threadKey = (call: ModelCall) => ({
  thread_id: call.thread_id ?? "",
  day: dayOf(call.started_at),
  model_id: call.model_id,
  assistant_id: call.assistant_id ?? "",
  owner: call.owner,
  currency: call.currency,
});

export type ThreadKey = ReturnType<typeof threadKey>;

export const runKey = (call: ModelCall) => ({
  run_id: call.run_id ?? "",
  currency: call.currency,
});

/** One row to add for each key, in the order that all processes lock them in. */
export function summed<Key extends object>(
  calls: readonly ModelCall[],
  keyOf: (call: ModelCall) => Key,
): (Key & SumColumns)[] {
  const rows = new Map<string, Key & SumColumns>();
  for (const call of calls) {
    const key = keyOf(call);
    const name = JSON.stringify(Object.values(key));
    const row = rows.get(name);
    const sums = sumsOf(call);
    if (row === undefined) rows.set(name, { ...key, ...sums });
    else
      for (const column of SUM_COLUMNS)
        Object.assign(row, { [column]: row[column] + sums[column] });
  }
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** The sums of a row, as the domain has them. */
export const toSums = ({ currency, ...row }: SumColumns & { currency: string }): UsageSums => ({
  currency,
  calls: row.calls,
  estimated_calls: row.estimated_calls,
  failed_calls: row.failed_calls,
  unpriced_calls: row.unpriced_calls,
  prompt_tokens: row.prompt_tokens,
  cached_tokens: row.cached_tokens,
  cache_write_tokens: row.cache_write_tokens,
  completion_tokens: row.completion_tokens,
  reasoning_tokens: row.reasoning_tokens,
  units: row.units,
  cost_micros: row.cost_micros,
});
