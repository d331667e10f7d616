import type { Dialect } from "./dialect.ts";

/** Commercial Qwen models think only when asked; the open-weight ones think unless told not to. */
const thinksOnlyWhenAsked = (model: string): boolean =>
  /^qwen[\d.]*-(?:plus|max|flash|turbo|long|vl|coder)/i.test(model);

/** Alibaba Cloud Model Studio (Bailian), compatible mode. */
export const dashscope: Dialect = {
  name: "dashscope",
  hosts: [
    "dashscope.aliyuncs.com",
    "dashscope-intl.aliyuncs.com",
    "dashscope-us.aliyuncs.com",
    "maas.aliyuncs.com",
  ],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  // A request that is not streamed is refused when it asks for thinking.
  thinking: ({ noThink, isStreamed }) =>
    noThink === undefined ? {} : { enable_thinking: !noThink && isStreamed },
  canSwitchThinking: () => true,
  mustStream: ({ model, noThink }) =>
    noThink === false || (noThink === undefined && !thinksOnlyWhenAsked(model)),
  // The token-per-minute throttle answers with OpenAI's word for an empty account.
  transientCodes: ["insufficient_quota", "limit_requests", "limit_burst_rate", "Throttling"],
  finalCodes: ["Arrearage", "invalid_api_key", "DataInspectionFailed", "InvalidParameter"],
};
