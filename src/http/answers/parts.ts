import { z } from "zod";

/** Parts that many answers have. A schema describes what is sent, and is never used to change it. */
export const id = z.string();
export const time = z.iso.datetime();
export const count = z.int().nonnegative();
export const object = z.record(z.string(), z.unknown());
export const anything = z.unknown();
export const listOf = <T extends z.ZodType>(row: T) => z.array(row);

const tokens = {
  calls: count,
  estimated_calls: count,
  unpriced_calls: count,
  prompt_tokens: count,
  cached_tokens: count,
  cache_write_tokens: count,
  completion_tokens: count,
  reasoning_tokens: count,
  total_tokens: count,
};

/** What a run or a thread used, and what it cost in millionths of each currency. */
export const usage = z.object({ ...tokens, cost_micros: z.record(z.string(), z.int()) });

/** Sums that are paid in one currency. */
export const usageSums = z.object({
  ...tokens,
  failed_calls: count,
  units: count,
  currency: z.string().nullable(),
  cost_micros: z.int(),
});
