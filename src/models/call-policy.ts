import { fallbackReasonsOf } from "./attempts/fallback-reasons.ts";
import { retryPolicyOf } from "./attempts/retry.ts";
import { IDLE_SECONDS, TOTAL_SECONDS } from "./exchange/clock.ts";
import { structuredMethodOf } from "./structured/method.ts";
import type { Model } from "./model.ts";

/** How calls of a model are made, its defaults included; times in seconds. */
export interface CallPolicy {
  /** Attempts after a failed one. */
  readonly retries: number;
  readonly timeout: number | null;
  readonly idleTimeout: number;
  readonly totalTimeout: number;
  readonly callsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly callsAtOnce: number | null;
  readonly fallbacks: readonly string[];
  /** How an answer in a shape is asked for. */
  readonly structuredOutput: string;
  /** Failures that the fallbacks answer for; none where there are no fallbacks. */
  readonly fallbackOn: readonly string[];
}

export function callPolicyOf(model: Model): CallPolicy {
  const { fields } = model;
  const { rate_limit: limit = {}, fallbacks = [] } = fields;
  return {
    retries: retryPolicyOf(model).max,
    timeout: fields.timeout ?? null,
    idleTimeout: fields.idle_timeout ?? IDLE_SECONDS,
    totalTimeout: fields.total_timeout ?? TOTAL_SECONDS,
    callsPerMinute: limit.rpm ?? null,
    tokensPerMinute: limit.tpm ?? null,
    callsAtOnce: limit.max_concurrent ?? null,
    fallbacks,
    structuredOutput: structuredMethodOf(model),
    fallbackOn: fallbacks.length === 0 ? [] : fallbackReasonsOf(model),
  };
}

/** The same in words, for whoever reads a table: limits and fallbacks, where there are any. */
export function policyNotes(policy: CallPolicy): string[] {
  const { callsPerMinute, tokensPerMinute, callsAtOnce, fallbacks, fallbackOn } = policy;
  const limits = [
    ...(callsPerMinute === null ? [] : [`${callsPerMinute} calls a minute`]),
    ...(tokensPerMinute === null ? [] : [`${tokensPerMinute} tokens a minute`]),
    ...(callsAtOnce === null ? [] : [`${callsAtOnce} calls at once`]),
  ];
  return [
    ...(limits.length === 0 ? [] : [`at most ${limits.join(", ")}`]),
    ...(fallbacks.length === 0
      ? []
      : [`falls back to ${fallbacks.join(", ")} on ${fallbackOn.join(", ")}`]),
  ];
}

/** One line of all of it. */
export function policyLine(policy: CallPolicy): string {
  const { retries, timeout, idleTimeout, totalTimeout } = policy;
  const times = [
    ...(timeout === null ? [] : [`${timeout} s to the first byte`]),
    `${idleTimeout} s of silence`,
    `${totalTimeout} s in all`,
  ];
  const shape = `structured output by ${policy.structuredOutput}`;
  return [`${retries} retries`, ...times, shape, ...policyNotes(policy)].join("; ");
}
