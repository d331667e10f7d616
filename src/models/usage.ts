import type { UsageMetadata } from "@langchain/core/messages";
import { z } from "zod";

const tokens = z.number().nonnegative().nullish().catch(null);

const rawUsageSchema = z.looseObject({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
  cached_tokens: tokens,
  prompt_cache_hit_tokens: tokens,
  prompt_tokens_details: z.looseObject({ cached_tokens: tokens }).nullish().catch(null),
  completion_tokens_details: z.looseObject({ reasoning_tokens: tokens }).nullish().catch(null),
});

/** Counts of one call, complete whatever the provider left out. */
export interface TokenCounts {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
}

export const NO_TOKENS: TokenCounts = {
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
};

/** Reads a provider's usage object; undefined when it is none. */
export function readUsage(raw: unknown): TokenCounts | undefined {
  const parsed = rawUsageSchema.safeParse(raw);
  if (!parsed.success) return undefined;
  const usage = parsed.data;
  const promptTokens = usage.prompt_tokens ?? 0;
  const completionTokens = usage.completion_tokens ?? 0;
  const totalTokens = usage.total_tokens ?? promptTokens + completionTokens;
  if (totalTokens === 0 && promptTokens + completionTokens === 0) return undefined;
  return {
    promptTokens,
    completionTokens,
    totalTokens,
    cachedTokens:
      usage.prompt_tokens_details?.cached_tokens ??
      usage.prompt_cache_hit_tokens ??
      usage.cached_tokens ??
      0,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
  };
}

/** The same counts in LangChain's shape. */
export function usageMetadata(counts: TokenCounts): UsageMetadata {
  return {
    input_tokens: counts.promptTokens,
    output_tokens: counts.completionTokens,
    total_tokens: counts.totalTokens,
    input_token_details: { cache_read: counts.cachedTokens },
    output_token_details: { reasoning: counts.reasoningTokens },
  };
}
