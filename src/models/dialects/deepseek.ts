import { effortOf, isOff, thinkingType } from "./strategies.ts";
import type { Body, Dialect, ThinkingRequest } from "./dialect.ts";

/** R1 by its own name and by the alias of its time. */
const isR1 = (model: string): boolean => /deepseek-(?:r1|reasoner)/i.test(model);

/** Whether this is DeepSeek V4, which thinks with tools and wants its reasoning back. */
export const isDeepSeekV4 = (model: string): boolean => /deepseek-v?4/i.test(model);

const EFFORTS: Readonly<Record<string, string>> = {
  minimal: "low",
  low: "low",
  medium: "high",
  high: "high",
  xhigh: "high",
  max: "max",
  ultra: "max",
};

const UNUSED_WHEN_THINKING = ["temperature", "top_p", "presence_penalty", "frequency_penalty"];
const UNKNOWN = ["n", "logit_bias", "top_k", "min_p", "repetition_penalty", "seed"];

/** DeepSeek's own API. */
export const deepseek: Dialect = {
  name: "deepseek",
  hosts: ["api.deepseek.com"],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  thinking: (request) => (isR1(request.model) ? {} : thinkingOf(request)),
  canSwitchThinking: (model) => !isR1(model),
  parameters: (model, body) => ({
    drop: isThinking(model, body)
      ? [...UNKNOWN, ...UNUSED_WHEN_THINKING, "logprobs", "top_logprobs"]
      : UNKNOWN,
  }),
  jsonModes: () => ["json_object"],
  sendBack: (model) => (isR1(model) ? "never" : "tools"),
  needsEmptyReasoning: true,
  media: { never: ["audio", "video"] },
  transientCodes: ["rate_limit_reached", "server_overloaded"],
  finalCodes: ["invalid_request_error", "insufficient_balance"],
  quotaCodes: ["insufficient_balance"],
  finishKinds: { insufficient_system_resource: "server" },
};

function thinkingOf(request: ThinkingRequest): Body {
  const { keep: _, ...wish } = request;
  if (isOff(wish) !== false) return thinkingType(wish);
  const effort = effortOf(wish);
  if (effort === undefined) return thinkingType(wish);
  return { ...thinkingType(wish), reasoning_effort: EFFORTS[effort] ?? effort };
}

/** Thinking is on where nothing is said, but for the older chat models. */
function isThinking(model: string, body: Body): boolean {
  if (isR1(model)) return true;
  const said = body["thinking"];
  if (typeof said === "object" && said !== null && "type" in said) return said.type === "enabled";
  return !/deepseek-(?:chat|coder|v[1-3])/i.test(model);
}
