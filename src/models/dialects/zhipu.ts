import { effortOf, isOff, thinkingType } from "./strategies.ts";
import type { Body, Dialect, ThinkingRequest } from "./dialect.ts";

const canThink = (model: string): boolean => /^glm-(?:4\.[5-9]|[5-9]|\d\d)/i.test(model);

/** GLM-5.2 and later take an effort; before, thinking is only on or off. */
const takesEffort = (model: string): boolean => /^glm-(?:5\.[2-9]|[6-9]|\d\d)/i.test(model);

const EFFORTS: Readonly<Record<string, string>> = {
  minimal: "low",
  medium: "high",
  xhigh: "max",
};

/** Zhipu (BigModel) and z.ai; no budget is known there. */
export const zhipu: Dialect = {
  name: "zhipu",
  hosts: ["open.bigmodel.cn", "api.z.ai"],
  currency: "CNY",
  maxTokensField: () => "max_tokens",
  thinking: (request) => (canThink(request.model) ? thinkingOf(request) : {}),
  canSwitchThinking: canThink,
  parameters: () => ({
    drop: [
      "n",
      "seed",
      "frequency_penalty",
      "presence_penalty",
      "repetition_penalty",
      "top_k",
      "min_p",
      "logprobs",
      "top_logprobs",
      "logit_bias",
      "parallel_tool_calls",
      "functions",
      "function_call",
      "service_tier",
      "store",
      "metadata",
    ],
    rename: { user: "user_id" },
    clamp: { temperature: [0, 1], top_p: [0.01, 1] },
    maxStops: 1,
    isToolChoiceAutoOnly: true,
  }),
  adapt: (body: Body) => {
    if (body["temperature"] === 0) {
      delete body["temperature"];
      body["do_sample"] = false;
    }
  },
  jsonModes: () => ["json_object"],
  sendBack: (model) => (canThink(model) ? "tools" : "never"),
  transientCodes: ["1302", "1303", "1305", "1312", "1200", "1234"],
  finalCodes: ["1113", "1261", "1301", "1304", "1308", "1309", "1310", "1311", "1313"],
  overflowCodes: ["1261"],
  contentCodes: ["1301"],
  quotaCodes: ["1113", "1304", "1308", "1310"],
  finishKinds: {
    network_error: "server",
    sensitive: "content",
    model_context_window_exceeded: "overflow",
  },
  image: {
    maxCount: () => 1,
    drop: () => ["n", "response_format"],
    shape: ({ user, ...body }) => (user === undefined ? body : { ...body, user_id: user }),
  },
  tasks: {
    submitUrl: (base, kind) =>
      `${base}/async/${kind === "chat" ? "chat/completions" : "images/generations"}`,
    idField: "request_id",
    takesAll: true,
    url: (base, id) => `${base}/async-result/${encodeURIComponent(id)}`,
    isOnlyWay: () => false,
  },
  embedding: { batchSize: () => 64, drop: ["encoding_format", "user"] },
  rerank: { maxDocuments: 128, hasReturnDocuments: true },
};

function thinkingOf({ keep: _, ...request }: ThinkingRequest): Body {
  const fields = thinkingType(request);
  const isAsked = isOff(request) === false && takesEffort(request.model);
  const effort = isAsked ? effortOf(request) : undefined;
  return effort === undefined ? fields : { ...fields, reasoning_effort: EFFORTS[effort] ?? effort };
}
