import { isRecord } from "../merge-body.ts";
import { effortOf, isOff, thinkingType } from "./strategies.ts";
import type { Body, Dialect, ThinkingRequest } from "./dialect.ts";

/** Kimi K2.5 and later think, and their sampling is fixed. */
const isNewKimi = (model: string): boolean =>
  /kimi-(?:k(?:2[.-][5-9]|[3-9])|for-coding)/i.test(model);

/** K2.7 and K3 always think, and K2.7 refuses to be told not to. */
const canSwitch = (model: string): boolean => /kimi-(?:k2[.-][56]|for-coding)/i.test(model);

const isK3 = (model: string): boolean => /kimi-k[3-9]/i.test(model);

/** K2.5 refuses to be asked to keep its thoughts. */
const canKeep = (model: string): boolean => isNewKimi(model) && !/k2[.-]5/i.test(model);

const onlyThinks = (model: string): boolean => /kimi-(?:k2-)?thinking/i.test(model);

const FIXED = ["temperature", "top_p", "n", "presence_penalty", "frequency_penalty"];
const UNKNOWN = ["top_k", "min_p", "repetition_penalty", "logit_bias", "service_tier", "store"];

const EFFORTS: Readonly<Record<string, string>> = {
  minimal: "low",
  medium: "high",
  xhigh: "max",
};

/** Moonshot (Kimi), in China and abroad. */
export const moonshot: Dialect = {
  name: "moonshot",
  hosts: ["api.moonshot.cn", "api.moonshot.ai", "api.kimi.com"],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  thinking: (request) => (isNewKimi(request.model) ? thinkingOf(request) : {}),
  canSwitchThinking: canSwitch,
  parameters: (model) => ({
    drop: isNewKimi(model) ? [...FIXED, ...UNKNOWN] : UNKNOWN,
    clamp: { temperature: [0, 1] },
    maxStops: 5,
  }),
  adapt: stripSchemaMark,
  jsonModes: () => ["json_schema", "json_object"],
  sendBack: (model) => (isNewKimi(model) || onlyThinks(model) ? "always" : "never"),
  media: { never: ["audio"] },
  transientCodes: ["rate_limit_reached_error", "engine_overloaded_error"],
  finalCodes: ["exceeded_current_quota_error", "content_filter"],
  contentCodes: ["content_filter"],
  quotaCodes: ["exceeded_current_quota_error"],
  overflowText: /exceeded model token limit|input token length too long/i,
};

function thinkingOf(request: ThinkingRequest): Body {
  const { keep, ...wish } = request;
  const off = isOff(wish);
  if (off === true && !canSwitch(request.model)) return {};
  if (off !== false) return thinkingType(wish);
  const isKept = canKeep(request.model) ? (keep ?? "all") : undefined;
  const fields = thinkingType({ ...wish, keep: isKept === false ? undefined : isKept });
  const effort = isK3(request.model) ? effortOf(wish) : undefined;
  return effort === undefined ? fields : { ...fields, reasoning_effort: EFFORTS[effort] ?? effort };
}

/** A `$schema` at the top of a response schema makes K2.5 answer nonsense. */
function stripSchemaMark(body: Body): void {
  const format = body["response_format"];
  if (!isRecord(format) || !isRecord(format["json_schema"])) return;
  const { schema } = format["json_schema"];
  if (!isRecord(schema) || !("$schema" in schema)) return;
  const { $schema: _, ...rest } = schema;
  body["response_format"] = {
    ...format,
    json_schema: { ...format["json_schema"], schema: rest },
  };
}
