import { MODEST_BATCH } from "./other-rules.ts";
import { reasoningEffort, think } from "./strategies.ts";
import type { Body, Dialect } from "./dialect.ts";

const KNOWN_EFFORTS = new Set(["none", "low", "medium", "high", "max"]);

/** Parameters that Ollama's OpenAI door does not have. */
const UNKNOWN = [
  "n",
  "logit_bias",
  "user",
  "parallel_tool_calls",
  "logprobs",
  "top_logprobs",
  "top_k",
  "min_p",
  "repetition_penalty",
  "service_tier",
  "store",
  "metadata",
  "functions",
  "function_call",
];

/** Ollama behind its OpenAI door (/v1), which knows neither `think` nor a context length. */
export const ollama: Dialect = {
  name: "ollama",
  hosts: [],
  port: 11_434,
  currency: "USD",
  maxTokensField: () => "max_tokens",
  thinking: (request) => knownEffort(reasoningEffort(request)),
  canSwitchThinking: () => true,
  jsonModes: () => ["json_schema", "json_object"],
  parameters: () => ({ drop: UNKNOWN, isToolChoiceAutoOnly: true }),
  adapt: (body) => {
    delete body["tool_choice"];
  },
  sendBack: () => "tools",
  sendBackField: "reasoning",
  embedding: { batchSize: () => MODEST_BATCH, drop: ["user"] },
  media: { never: ["audio", "video", "file"], isInlineOnly: true },
};

/** Ollama's own API (/api/chat), which has `think`, `num_ctx` and `keep_alive`. */
export const ollamaNative: Dialect = {
  name: "ollama_native",
  hosts: [],
  currency: "USD",
  maxTokensField: () => "max_tokens",
  thinking: think,
  canSwitchThinking: () => true,
  jsonModes: () => ["json_schema", "json_object"],
  parameters: () => ({
    drop: [
      "n",
      "logit_bias",
      "user",
      "parallel_tool_calls",
      "service_tier",
      "store",
      "metadata",
      "functions",
      "function_call",
    ],
    isToolChoiceAutoOnly: true,
  }),
  embedding: {
    batchSize: () => MODEST_BATCH,
    url: (base) => `${base.replace(/\/(?:v1|api)$/, "")}/v1/embeddings`,
    drop: ["user"],
  },
  sendBack: () => "tools",
  media: { never: ["audio", "video", "file"], isInlineOnly: true },
};

/** An unknown word is an error there; a few others are read as the nearest one. */
function knownEffort(fields: Body): Body {
  const effort = fields["reasoning_effort"];
  if (typeof effort !== "string" || KNOWN_EFFORTS.has(effort)) return fields;
  if (effort === "minimal") return { reasoning_effort: "low" };
  return { reasoning_effort: /^(?:xhigh|ultra)$/.test(effort) ? "max" : "medium" };
}
