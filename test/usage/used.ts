import type { ModelUsage } from "../../src/models/usage-port.ts";

/** A call as the model layer reports it. */
export const used = (callId: string, change: Partial<ModelUsage> = {}): ModelUsage => ({
  callId,
  kind: "chat",
  modelId: "m",
  answeredBy: "m-1",
  runId: "run",
  threadId: undefined,
  assistantId: undefined,
  owner: undefined,
  keyId: undefined,
  units: 1,
  promptTokens: 1,
  completionTokens: 1,
  totalTokens: 2,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  costMicros: 5,
  currency: "CNY",
  estimated: false,
  usage: null,
  status: "success",
  startedAtMs: 0,
  durationMs: 0,
  ...change,
});
