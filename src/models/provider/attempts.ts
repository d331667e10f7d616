import { setTimeout as wait } from "node:timers/promises";
import { UpstreamError } from "../../core/errors.ts";
import type { Model } from "../model.ts";

const DEFAULT_RETRIES = 2;
const DEFAULT_BASE_MS = 1000;
const DEFAULT_MAX_MS = 30_000;

/** Tries again what may pass by itself, after a wait that an abort cuts short. */
export async function withRetries<Result>(
  model: Model,
  signal: AbortSignal | undefined,
  attempt: () => Promise<Result>,
): Promise<Result> {
  const { max, baseMs, maxMs } = retriesOf(model);
  for (let count = 0; ; count++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof UpstreamError) || !error.retryable || count >= max) throw error;
      const backoff = Math.min(maxMs, baseMs * 2 ** count) * (0.5 + Math.random() / 2);
      await wait(askedWait(error) ?? backoff, undefined, { signal });
    }
  }
}

function retriesOf({ fields: { retries } }: Model) {
  const given = typeof retries === "number" ? { max: retries } : (retries ?? {});
  return {
    max: given.max ?? DEFAULT_RETRIES,
    baseMs: "base_ms" in given ? (given.base_ms ?? DEFAULT_BASE_MS) : DEFAULT_BASE_MS,
    maxMs: "max_ms" in given ? (given.max_ms ?? DEFAULT_MAX_MS) : DEFAULT_MAX_MS,
  };
}

const askedWait = (error: UpstreamError): number | undefined =>
  "retryAfterMs" in error && typeof error.retryAfterMs === "number"
    ? error.retryAfterMs
    : undefined;
