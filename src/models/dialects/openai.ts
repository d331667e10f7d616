import type { Body, Dialect } from "./dialect.ts";

const isReasoner = (model: string): boolean =>
  /^(?:o\d|gpt-(?:[5-9]|\d\d))/.test(model) && !model.includes("chat");

const SAMPLING = [
  "temperature",
  "top_p",
  "presence_penalty",
  "frequency_penalty",
  "logprobs",
  "top_logprobs",
  "logit_bias",
];

/** OpenAI itself: reasoning models take other limits and no sampling, and think by effort. */
export const openai: Dialect = {
  name: "openai",
  hosts: ["api.openai.com"],
  currency: "USD",
  maxTokensField: (model) => (isReasoner(model) ? "max_completion_tokens" : "max_tokens"),
  thinking: ({ model, noThink }) => {
    if (noThink !== true) return {};
    const effort = lowestEffort(model);
    return effort === undefined ? {} : { reasoning_effort: effort };
  },
  canSwitchThinking: (model) => lowestEffort(model) !== undefined,
  adapt: (body: Body, model: string) => {
    if (isReasoner(model)) for (const key of SAMPLING) delete body[key];
  },
  finalCodes: ["insufficient_quota"],
};

/** gpt-5 knows "minimal" at least, its successors "none"; the o series cannot be switched off. */
function lowestEffort(model: string): string | undefined {
  if (!isReasoner(model) || model.startsWith("o")) return undefined;
  return /^gpt-5(?:-|$)/.test(model) ? "minimal" : "none";
}
