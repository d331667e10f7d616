import type { UsageReport, UsageSums } from "../domain/usage.ts";

/** Sums of one currency as the wire has them. */
const sumsJson = ({ currency, cost_micros, ...counts }: UsageSums) => ({
  ...counts,
  total_tokens: counts.prompt_tokens + counts.completion_tokens,
  // Calls from before prices were kept have no currency.
  currency: currency === "" ? null : currency,
  cost_micros,
});

export const reportJson = ({ rows, totals }: UsageReport, group_by: string) => ({
  group_by,
  rows: rows.map(({ group, ...sums }) => ({ [group_by]: group, ...sumsJson(sums) })),
  totals: totals.map(sumsJson),
});

const COUNTS = [
  "calls",
  "estimated_calls",
  "unpriced_calls",
  "prompt_tokens",
  "cached_tokens",
  "cache_write_tokens",
  "completion_tokens",
  "reasoning_tokens",
] as const;

/** What a run or thread used: its tokens, and what they cost in each currency. */
export function usageJson(sums: readonly UsageSums[]) {
  const total = (name: (typeof COUNTS)[number]) =>
    sums.reduce((count, one) => count + one[name], 0);
  const counts = {
    calls: total("calls"),
    estimated_calls: total("estimated_calls"),
    unpriced_calls: total("unpriced_calls"),
    prompt_tokens: total("prompt_tokens"),
    cached_tokens: total("cached_tokens"),
    cache_write_tokens: total("cache_write_tokens"),
    completion_tokens: total("completion_tokens"),
    reasoning_tokens: total("reasoning_tokens"),
  };
  const priced = sums.filter(({ calls, unpriced_calls }) => calls > unpriced_calls);
  return {
    ...counts,
    total_tokens: counts.prompt_tokens + counts.completion_tokens,
    cost_micros: Object.fromEntries(
      priced.map(({ currency, cost_micros }) => [currency, cost_micros]),
    ),
  };
}
