import { enableThinking, isOff } from "./strategies.ts";
import type { Body, Dialect } from "./dialect.ts";

/** Commercial Qwen models think only when asked; the open-weight ones think unless told not to. */
const thinksOnlyWhenAsked = (model: string): boolean =>
  /^qwen[\d.]*-(?:plus|max|flash|turbo|long|vl|coder)/i.test(model);

/** Models that know nothing but thinking refuse the switch. */
const onlyThinks = (model: string): boolean => /^(?:qwq|qvq)|-thinking|^deepseek-r1/i.test(model);

/** The older rerankers are served by the native API only. */
const isNativeReranker = (model: string): boolean => model.startsWith("gte-rerank");

/** The address before the path of the compatible or native API. */
const hostRoot = (base: string): string => base.replace(/\/(?:compatible-mode|api)\/v1$/, "");

const UNKNOWN = [
  "frequency_penalty",
  "logit_bias",
  "service_tier",
  "store",
  "metadata",
  "user",
  "min_p",
];

/** Alibaba Cloud Model Studio (Bailian), compatible mode. */
export const dashscope: Dialect = {
  name: "dashscope",
  hosts: [
    "dashscope.aliyuncs.com",
    "dashscope-intl.aliyuncs.com",
    "dashscope-us.aliyuncs.com",
    "cn-hongkong.dashscope.aliyuncs.com",
    "maas.aliyuncs.com",
  ],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  thinking: (request) => {
    const fields = enableThinking(request);
    if (onlyThinks(request.model)) {
      const { enable_thinking: _, ...rest } = fields;
      return rest;
    }
    // A request that is not streamed is refused when it asks for thinking.
    return fields["enable_thinking"] === true && !request.isStreamed
      ? { enable_thinking: false }
      : fields;
  },
  canSwitchThinking: (model) => !onlyThinks(model),
  mustStream: (request) => {
    if (onlyThinks(request.model)) return true;
    const off = isOff(request);
    return off === false || (off === undefined && !thinksOnlyWhenAsked(request.model));
  },
  parameters: (model, body) => ({
    // Several answers are not for calls that offer tools.
    drop: Array.isArray(body["tools"]) ? [...UNKNOWN, "n"] : UNKNOWN,
    clamp: { n: [1, 4], top_logprobs: [0, 5] },
    isToolChoiceAutoOnly: onlyThinks(model),
  }),
  jsonModes: (model) => (onlyThinks(model) ? [] : ["json_object"]),
  adapt: withoutThinking,
  media: { takesAudioUrls: true },
  // The token-per-minute throttle answers with OpenAI's word for an empty account.
  transientCodes: ["insufficient_quota", "limit_requests", "limit_burst_rate", "Throttling"],
  finalCodes: ["Arrearage", "invalid_api_key", "DataInspectionFailed", "InvalidParameter"],
  contentCodes: ["DataInspectionFailed", "data_inspection_failed"],
  quotaCodes: ["Arrearage"],
  overflowText: /range of input length should be/i,
  image: {
    maxCount: (model) => (/^qwen-image(?!-[2-9])/.test(model) ? 1 : 4),
    url: (base) => `${hostRoot(base)}/api/v1/services/aigc/multimodal-generation/generation`,
    drop: () => ["response_format", "user"],
    shape: imageMessages,
  },
  tasks: {
    submitUrl: (base, kind) =>
      kind === "image"
        ? `${hostRoot(base)}/api/v1/services/aigc/text2image/image-synthesis`
        : undefined,
    submitHeaders: { "x-dashscope-async": "enable" },
    shapeImage: imagePrompt,
    url: (base, id) => `${hostRoot(base)}/api/v1/tasks/${encodeURIComponent(id)}`,
    cancelUrl: (base, id) => `${hostRoot(base)}/api/v1/tasks/${encodeURIComponent(id)}/cancel`,
    isOnlyWay: (model) => !/^(?:qwen-image|z-image|wan2\.[6-9]|wan[3-9])/.test(model),
  },
  embedding: { batchSize: (model) => (/-v[12]$/.test(model) ? 25 : 10) },
  rerank: {
    maxDocuments: 500,
    url: (base, model) =>
      hostRoot(base) +
      (isNativeReranker(model)
        ? "/api/v1/services/rerank/text-rerank/text-rerank"
        : "/compatible-api/v1/reranks"),
    instructField: "instruct",
    hasReturnDocuments: true,
    shape: (body, model) => (isNativeReranker(model) ? nativeRerank(body) : body),
  },
};

/** Neither JSON modes nor forced tools are taken together with thinking. */
function withoutThinking(body: Body, model: string): void {
  const { response_format: format, tool_choice: choice } = body;
  const hasFormat = typeof format === "object" && format !== null && "type" in format;
  const isJson = hasFormat && format.type !== "text" && body["enable_thinking"] === true;
  const isForced = (typeof choice === "object" || choice === "required") && !onlyThinks(model);
  if (!isJson && !isForced) return;
  body["enable_thinking"] = false;
  delete body["thinking_budget"];
}

function nativeRerank({ model, query, documents, ...parameters }: Body): Body {
  return { model, input: { query, documents }, parameters };
}

function imageMessages({ model, prompt, ...parameters }: Body): Body {
  const messages = [{ role: "user", content: [{ text: prompt }] }];
  return { model, input: { messages }, parameters: withStarSize(parameters) };
}

function imagePrompt({ model, prompt, negative_prompt, ...parameters }: Body): Body {
  const input = negative_prompt === undefined ? { prompt } : { prompt, negative_prompt };
  return { model, input, parameters: withStarSize(parameters) };
}

/** Sizes are written 1024*1024 there. */
const withStarSize = ({ size, ...parameters }: Body): Body =>
  typeof size === "string" ? { ...parameters, size: size.replace("x", "*") } : parameters;
