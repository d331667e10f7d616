import { MODEST_BATCH, MODEST_DOCUMENTS } from "./other-rules.ts";
import { effortOf, isOff, templateKwargs } from "./strategies.ts";
import type { Dialect } from "./dialect.ts";

/** llama.cpp's server; a thinking budget is a flag of its start, so a wish for one becomes an effort. */
export const llamacpp: Dialect = {
  name: "llamacpp",
  hosts: [],
  port: 8080,
  currency: "USD",
  maxTokensField: () => "max_tokens",
  thinking: (request) => {
    const effort = isOff(request) === false ? effortOf(request) : undefined;
    return {
      ...templateKwargs(request),
      ...(effort === undefined ? {} : { reasoning_effort: effort }),
    };
  },
  jsonModes: () => ["json_schema", "json_object"],
  canSwitchThinking: () => true,
  media: { isInlineOnly: true },
  parameters: () => ({ drop: ["service_tier", "store", "metadata"] }),
  sendBack: () => "tools",
  embedding: { batchSize: () => MODEST_BATCH, drop: ["dimensions", "user"] },
  rerank: { maxDocuments: MODEST_DOCUMENTS },
};
