import { MODEST_BATCH } from "./other-rules.ts";
import { reasoningEffort } from "./strategies.ts";
import type { Dialect } from "./dialect.ts";

/** LM Studio on a desktop; whether a model heeds the effort is the model's affair. */
export const lmstudio: Dialect = {
  name: "lmstudio",
  hosts: [],
  port: 1234,
  currency: "USD",
  maxTokensField: () => "max_tokens",
  thinking: reasoningEffort,
  jsonModes: () => ["json_schema"],
  canSwitchThinking: () => true,
  parameters: () => ({ drop: ["service_tier", "store", "metadata"] }),
  embedding: { batchSize: () => MODEST_BATCH, drop: ["dimensions", "user"] },
  media: { never: ["audio", "video"], isInlineOnly: true },
};
