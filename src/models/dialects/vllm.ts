import type { Dialect } from "./dialect.ts";

/** A vLLM server: thinking is a variable of the model's chat template. */
export const vllm: Dialect = {
  name: "vllm",
  hosts: [],
  currency: "USD",
  maxTokensField: () => "max_tokens",
  thinking: ({ noThink }) =>
    noThink === undefined ? {} : { chat_template_kwargs: { enable_thinking: !noThink } },
  canSwitchThinking: () => true,
};
