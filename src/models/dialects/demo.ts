import { commonRules } from "./other-rules.ts";
import type { Dialect } from "./dialect.ts";

/** The offline demo model in this process. */
export const demo: Dialect = {
  name: "demo",
  hosts: [],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  thinking: ({ noThink }) => (noThink === undefined ? {} : { enable_thinking: !noThink }),
  canSwitchThinking: () => true,
  ...commonRules,
};
