import { MODEST_BATCH, MODEST_DOCUMENTS } from "./other-rules.ts";
import { reasoningObject } from "./strategies.ts";
import type { Dialect } from "./dialect.ts";

/** OpenRouter, which speaks for many providers and wants their reasoning details back unchanged. */
export const openrouter: Dialect = {
  name: "openrouter",
  hosts: ["openrouter.ai"],
  currency: "USD",
  maxTokensField: () => "max_tokens",
  thinking: reasoningObject,
  canSwitchThinking: () => true,
  sendBack: () => "always",
  sendBackField: "reasoning_details",
  media: { takesFileUrls: true },
  transientCodes: ["408", "429", "502", "503"],
  finalCodes: ["400", "401", "402", "403"],
  contentCodes: ["403"],
  quotaCodes: ["402"],
  finishKinds: { error: "server" },
  embedding: { batchSize: () => MODEST_BATCH },
  rerank: { maxDocuments: MODEST_DOCUMENTS },
};
