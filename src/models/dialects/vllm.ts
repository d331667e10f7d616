import { budgetOf, isOff, templateKwargs } from "./strategies.ts";
import type { Dialect } from "./dialect.ts";

/** A vLLM server: thinking is a variable of the model's chat template. */
export const vllm: Dialect = {
  name: "vllm",
  hosts: [],
  port: 8000,
  currency: "USD",
  maxTokensField: () => "max_tokens",
  thinking: (request) => {
    const fields = templateKwargs(request);
    const budget =
      isOff(request) === false && request.effort === undefined ? budgetOf(request) : undefined;
    return budget === undefined ? fields : { ...fields, thinking_token_budget: budget };
  },
  jsonModes: () => ["json_schema", "json_object"],
  canSwitchThinking: () => true,
  media: { isInlineOnly: true },
  embedding: { batchSize: () => 256, takesTokens: true },
  rerank: { maxDocuments: 1000 },
};
