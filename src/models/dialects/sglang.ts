import { effortOf, isOff, templateKwargs } from "./strategies.ts";
import type { Dialect } from "./dialect.ts";

/** An SGLang server: as vLLM, but with an effort in place of a budget. */
export const sglang: Dialect = {
  name: "sglang",
  hosts: [],
  port: 30_000,
  currency: "USD",
  maxTokensField: () => "max_tokens",
  thinking: (request) => {
    const effort = isOff(request) === false ? effortOf(request) : undefined;
    return {
      ...templateKwargs(request),
      ...(effort === undefined ? {} : { reasoning_effort: effort }),
    };
  },
  jsonModes: () => ["json_schema"],
  canSwitchThinking: () => true,
  media: { isInlineOnly: true },
  embedding: { batchSize: () => 256, takesTokens: true },
  rerank: { maxDocuments: 1000 },
};
