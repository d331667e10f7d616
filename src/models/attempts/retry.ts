import { setTimeout as wait } from "node:timers/promises";
import { UpstreamError } from "../../core/errors.ts";
import type { Model } from "../model.ts";

/** How often and how patiently a failed attempt is made again. */
export interface RetryPolicy {
  /** Attempts after the first. */
  readonly max: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** Whether a provider's Retry-After is waited for. */
  readonly heedsRetryAfter: boolean;
  /** The longest Retry-After that is waited for; a call that should wait longer fails at once. */
  readonly maxWaitMs: number;
}

/** The `retries` of a model file, with its defaults. */
export function retryPolicyOf({ fields: { retries = {} } }: Model): RetryPolicy {
  const { max, base_ms, max_ms, respect_retry_after, max_wait } =
    typeof retries === "number" ? { max: retries } : retries;
  return {
    max: max ?? 3,
    baseMs: base_ms ?? 1000,
    maxMs: max_ms ?? 30_000,
    heedsRetryAfter: respect_retry_after ?? true,
    maxWaitMs: (max_wait ?? 60) * 1000,
  };
}

/** Milliseconds to wait before the next attempt; undefined where there shall be none. */
export function delayBefore(
  error: UpstreamError,
  { policy, attempt, random }: { policy: RetryPolicy; attempt: number; random: number },
): number | undefined {
  if (!error.retryable || attempt > policy.max) return undefined;
  const backoff = Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1));
  const jittered = backoff * (0.5 + random / 2);
  const asked = policy.heedsRetryAfter ? error.retryAfterMs : undefined;
  if (asked === undefined) return jittered;
  // A little more than asked, so that all who were told the same do not come at once.
  return asked > policy.maxWaitMs ? undefined : asked + (jittered * policy.baseMs) / policy.maxMs;
}

/**
 * Makes an attempt until it succeeds, fails for good or the signal ends the waiting. What an attempt
 * throws must be an UpstreamError to be tried again.
 */
export async function withRetries<Result>(
  { model, signal }: { readonly model: Model; readonly signal?: AbortSignal | undefined },
  attempt: () => Promise<Result>,
): Promise<Result> {
  const policy = retryPolicyOf(model);
  for (let made = 1; ; made++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      const delayMs = delayBefore(error, { policy, attempt: made, random: Math.random() });
      if (delayMs === undefined) throw error;
      model.log?.debug(
        { model: model.id, kind: error.kind, attempt: made, delay_ms: Math.round(delayMs) },
        "model call is tried again",
      );
      await pause(delayMs, signal);
    }
  }
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await wait(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
