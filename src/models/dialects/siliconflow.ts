import type { Dialect } from "./dialect.ts";

/** Models without a thinking mode refuse the switch, even switched off. */
const hasNoThinkingMode = (model: string): boolean =>
  /qwen2|coder|instruct|internlm|glm-4-|deepseek-v(?:2|3$)/i.test(model);

/** SiliconFlow, in China and abroad. */
export const siliconflow: Dialect = {
  name: "siliconflow",
  hosts: ["api.siliconflow.cn", "api.siliconflow.com"],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  thinking: ({ model, noThink }) =>
    noThink === undefined || hasNoThinkingMode(model) ? {} : { enable_thinking: !noThink },
  canSwitchThinking: (model) => !hasNoThinkingMode(model),
};
