import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { ModelCall } from "../domain/usage.ts";
import type { ModelUsage } from "../models/usage-port.ts";

const MAX_NAME = 200;
/** Characters that are kept of what a provider says of the usage. */
const MAX_USAGE = 4000;

/** A call as it is kept; nothing in it can be too large, or refused by a database. */
export const toModelCall = (usage: ModelUsage): ModelCall => ({
  call_id: usage.callId,
  kind: usage.kind,
  model_id: cleaned(usage.modelId),
  answered_by: usage.answeredBy === undefined ? null : cleaned(usage.answeredBy),
  run_id: usage.runId === undefined ? null : cleaned(usage.runId),
  thread_id: usage.threadId === undefined ? null : cleaned(usage.threadId),
  assistant_id: usage.assistantId === undefined ? null : cleaned(usage.assistantId),
  owner: cleaned(usage.owner ?? ""),
  key_id: cleaned(usage.keyId ?? ""),
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  cached_tokens: usage.cachedTokens,
  cache_write_tokens: usage.cacheWriteTokens,
  reasoning_tokens: usage.reasoningTokens,
  units: usage.units,
  cost_micros: usage.costMicros,
  currency: usage.currency,
  estimated: usage.estimated,
  usage: bounded(usage.usage),
  status: usage.status,
  started_at: usage.startedAtMs,
  duration_ms: usage.durationMs,
});

/** Postgres takes no NUL, and an index no endless text. */
const cleaned = (text: string): string => text.replaceAll("\0", "").slice(0, MAX_NAME);

/** The provider's own object where it is of a sane size, else those of its fields that fit. */
function bounded(raw: ModelUsage["usage"]): JsonObject | null {
  // The provider's answer was JSON before it was this object.
  if (raw === null || !isJsonObject(raw)) return null;
  if (JSON.stringify(raw).length <= MAX_USAGE) return raw;
  const kept: JsonObject = {};
  let length = 0;
  for (const [name, value] of Object.entries(raw)) {
    length += name.length + JSON.stringify(value).length;
    if (length > MAX_USAGE) break;
    kept[name] = value;
  }
  return { ...kept, truncated: true };
}
