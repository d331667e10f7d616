import { effortOf, isOff } from "./strategies.ts";
import type { Dialect } from "./dialect.ts";

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

/** Parameters of other servers, which OpenAI refuses. */
const FOREIGN = ["top_k", "min_p", "repetition_penalty"];

/** OpenAI itself: reasoning models take other limits and no sampling, and think by effort. */
export const openai: Dialect = {
  name: "openai",
  hosts: ["api.openai.com"],
  currency: "USD",
  maxTokensField: (model) => (isReasoner(model) ? "max_completion_tokens" : "max_tokens"),
  thinking: (request) => {
    const off = isOff(request);
    if (off === undefined || !isReasoner(request.model)) return {};
    const effort = off ? lowestEffort(request.model) : effortOf(request);
    return effort === undefined ? {} : { reasoning_effort: effort };
  },
  canSwitchThinking: (model) => lowestEffort(model) !== undefined,
  parameters: (model) => ({ drop: isReasoner(model) ? [...SAMPLING, ...FOREIGN] : FOREIGN }),
  jsonModes: (model) =>
    /^gpt-(?:3|4$|4-)/.test(model) ? ["json_object"] : ["json_schema", "json_object"],
  sealsReasoning: isReasoner,
  systemRole: (model) => (isReasoner(model) ? "developer" : "system"),
  media: { never: ["video"] },
  finalCodes: ["insufficient_quota"],
  overflowCodes: ["context_length_exceeded"],
  contentCodes: ["content_filter", "content_policy_violation"],
  quotaCodes: ["insufficient_quota"],
  image: {
    maxCount: (model) => (model === "dall-e-3" ? 1 : 10),
    // They answer in base64 whatever is asked, and refuse to be asked.
    drop: (model) => (model.startsWith("dall-e") ? [] : ["response_format"]),
  },
  embedding: { batchSize: () => 2048, takesTokens: true },
};

/** gpt-5 knows "minimal" at least, its successors "none"; the o series cannot be switched off. */
function lowestEffort(model: string): string | undefined {
  if (!isReasoner(model) || model.startsWith("o")) return undefined;
  return /^gpt-5(?:-|$)/.test(model) ? "minimal" : "none";
}
