import { budgetOf, enableThinking, isOff } from "./strategies.ts";
import { isDeepSeekV4 } from "./deepseek.ts";
import type { Body, Dialect, ThinkingRequest } from "./dialect.ts";

/** Models without a thinking mode refuse the switch, even switched off. */
const hasNoThinkingMode = (model: string): boolean =>
  /qwen2|coder|instruct|internlm|glm-4-|deepseek-v(?:2|3$)/i.test(model);

/** Models that take the words high and max in place of a number. */
const takesEffort = (model: string): boolean => isDeepSeekV4(model) || /glm-5\.2/i.test(model);

const MIN_BUDGET = 128;
const MAX_BUDGET = 32_768;

/** SiliconFlow, in China and abroad. */
export const siliconflow: Dialect = {
  name: "siliconflow",
  hosts: ["api.siliconflow.cn", "api.siliconflow.com"],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  thinking: (request) => (hasNoThinkingMode(request.model) ? {} : thinkingOf(request)),
  canSwitchThinking: (model) => !hasNoThinkingMode(model),
  parameters: (model) => ({
    drop: [
      ...(/qwen3/i.test(model) ? [] : ["min_p"]),
      "logit_bias",
      "service_tier",
      "store",
      "metadata",
      "user",
    ],
    maxStops: 4,
  }),
  jsonModes: () => ["json_object"],
  sendBack: (model) => (isDeepSeekV4(model) ? "tools" : "never"),
  needsEmptyReasoning: true,
  transientCodes: ["50501", "50505"],
  quotaCodes: ["30001"],
  image: {
    maxCount: () => 4,
    drop: () => ["response_format", "user"],
    shape: ({ size, n, ...body }) => ({
      ...body,
      ...(size === undefined ? {} : { image_size: size }),
      ...(n === undefined ? {} : { batch_size: n }),
    }),
  },
  embedding: { batchSize: () => 32, drop: ["user"] },
  rerank: { maxDocuments: 500, instructField: "instruction", hasReturnDocuments: true },
};

function thinkingOf(request: ThinkingRequest): Body {
  const fields = enableThinking(request);
  if (isOff(request) !== false) return fields;
  const { thinking_budget: _, ...rest } = fields;
  const { effort } = request;
  if (effort !== undefined && takesEffort(request.model))
    return {
      ...rest,
      reasoning_effort: /^(?:x?high|max)$/.test(effort) ? effort.replace("xhigh", "max") : "high",
    };
  const budget = budgetOf(request);
  if (budget === undefined) return rest;
  return { ...rest, thinking_budget: Math.min(MAX_BUDGET, Math.max(MIN_BUDGET, budget)) };
}
