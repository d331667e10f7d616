import type { UsageMetadata } from "@langchain/core/messages";
import { z } from "zod";

/** No prompt and no answer is longer: a provider that says so is wrong. */
const MAX_TOKENS = 100_000_000;

/** A count that is negative or no number is none. */
const tokens = z
  .number()
  .nonnegative()
  .transform((count) => Math.min(Math.round(count), MAX_TOKENS))
  .nullish()
  .catch(null);

const rawUsageSchema = z.looseObject({
  prompt_tokens: tokens,
  completion_tokens: tokens,
  total_tokens: tokens,
  input_tokens: tokens,
  output_tokens: tokens,
  cached_tokens: tokens,
  reasoning_tokens: tokens,
  prompt_cache_hit_tokens: tokens,
  cache_creation_input_tokens: tokens,
  cache_read_input_tokens: tokens,
  prompt_tokens_details: z
    .looseObject({
      cached_tokens: tokens,
      cache_write_tokens: tokens,
      cache_creation_input_tokens: tokens,
    })
    .nullish()
    .catch(null),
  completion_tokens_details: z.looseObject({ reasoning_tokens: tokens }).nullish().catch(null),
});

/** Counts of one call, complete whatever the provider left out. */
export interface TokenCounts {
  /** All tokens of the prompt, those read from and written to a cache among them. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

export const NO_TOKENS: TokenCounts = {
  promptTokens: 0,
  completionTokens: 0,
  totalTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

/** Reads a provider's usage object; undefined when it is none. */
export function readUsage(raw: unknown): TokenCounts | undefined {
  const parsed = rawUsageSchema.safeParse(raw);
  if (!parsed.success) return undefined;
  const usage = parsed.data;
  const told = usage.prompt_tokens ?? usage.input_tokens;
  const answered = usage.completion_tokens ?? usage.output_tokens ?? 0;
  // A provider that tells only a sum, as for embeddings, means the prompt.
  const promptTokens = told ?? Math.max(0, (usage.total_tokens ?? 0) - answered);
  const reasoning =
    usage.completion_tokens_details?.reasoning_tokens ?? usage.reasoning_tokens ?? 0;
  // Most count thinking as part of the answer; where the sum shows that it is not, it is added.
  const isApart = reasoning > 0 && usage.total_tokens === promptTokens + answered + reasoning;
  const completionTokens = isApart ? answered + reasoning : answered;
  const totalTokens = promptTokens + completionTokens;
  if (totalTokens === 0) return undefined;
  const { cachedTokens, cacheWriteTokens } = cacheCounts(usage);
  return {
    promptTokens,
    completionTokens,
    totalTokens,
    cachedTokens: Math.min(cachedTokens, promptTokens),
    cacheWriteTokens: Math.min(cacheWriteTokens, Math.max(0, promptTokens - cachedTokens)),
    reasoningTokens: Math.min(reasoning, completionTokens),
  };
}

/** Each provider has its own place for what its cache did. */
function cacheCounts(
  usage: z.infer<typeof rawUsageSchema>,
): Pick<TokenCounts, "cachedTokens" | "cacheWriteTokens"> {
  const details = usage.prompt_tokens_details;
  return {
    cachedTokens:
      details?.cached_tokens ??
      usage.prompt_cache_hit_tokens ??
      usage.cache_read_input_tokens ??
      usage.cached_tokens ??
      0,
    cacheWriteTokens:
      details?.cache_write_tokens ??
      details?.cache_creation_input_tokens ??
      usage.cache_creation_input_tokens ??
      0,
  };
}

/** The same counts in LangChain's shape. */
export function usageMetadata(counts: TokenCounts): UsageMetadata {
  const { cachedTokens, cacheWriteTokens, reasoningTokens } = counts;
  return {
    input_tokens: counts.promptTokens,
    output_tokens: counts.completionTokens,
    total_tokens: counts.totalTokens,
    input_token_details: {
      cache_read: cachedTokens,
      ...(cacheWriteTokens === 0 ? {} : { cache_creation: cacheWriteTokens }),
    },
    output_token_details: { reasoning: reasoningTokens },
  };
}

/** Usage of any provider at the places where OpenAI has it; undefined when it is none. */
export function openAiUsage(raw: unknown): Record<string, unknown> | undefined {
  const counts = readUsage(raw);
  return counts && openAiCounts(counts);
}

/** Counts at the places where OpenAI has them. */
export const openAiCounts = (counts: TokenCounts): Record<string, unknown> => ({
  prompt_tokens: counts.promptTokens,
  completion_tokens: counts.completionTokens,
  total_tokens: counts.totalTokens,
  prompt_tokens_details: {
    cached_tokens: counts.cachedTokens,
    cache_write_tokens: counts.cacheWriteTokens,
  },
  completion_tokens_details: { reasoning_tokens: counts.reasoningTokens },
});
