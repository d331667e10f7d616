import { z } from "zod";
import { abilities, sampling, thinking } from "./model-answer-fields.ts";

export const SERVER_TYPES = [
  "openai",
  "dashscope",
  "zhipu",
  "siliconflow",
  "deepseek",
  "moonshot",
  "vllm",
  "sglang",
  "ollama",
  "ollama_native",
  "lmstudio",
  "llamacpp",
  "openrouter",
  "jina",
  "cohere",
  "demo",
] as const;

/** More costs no model, and exact arithmetic still holds it. */
const price = z.number().nonnegative().max(1e9);
const count = z.int().positive();
/** A day: a timer takes no more than some weeks, and fires at once for longer. */
const seconds = z.number().positive().max(86_400);
const textMap = z.record(z.string(), z.string());
const poll = z.strictObject({ interval: seconds.optional(), max_wait: seconds.optional() });

const connection = {
  model_type: z.enum(["chat", "embedding", "rerank", "image"]).default("chat"),
  server_type: z
    .enum(SERVER_TYPES)
    .default("openai")
    .describe("`openai` means the OpenAI wire; the provider is then told from the host of `url`."),
  dialect: z.enum(SERVER_TYPES).optional().describe("Names the provider where the host does not."),
  name: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe("Id of the model; default: file name."),
  model: z.string().trim().min(1).optional().describe("Model name sent to the provider."),
  url: z
    .string()
    .refine(isPlainHttpUrl, "expected an http or https URL without user, query or fragment")
    .optional()
    .describe("Base URL, such as https://dashscope.aliyuncs.com/compatible-mode/v1."),
  api_key: z
    .string()
    .nullable()
    .optional()
    .describe("env:NAME, ${NAME}, file:PATH, or null where the server wants no key."),
  api_key_header: z
    .string()
    .optional()
    .describe("Header that carries the bare key, in place of Authorization: Bearer."),
  headers: textMap.optional().describe("Values may be env:NAME, file:PATH or hold ${NAME}."),
  query: textMap.optional().describe("Added to every address; values as those of headers."),
  api: z
    .enum(["chat", "responses"])
    .optional()
    .describe("responses: the server is asked by OpenAI's Responses API, /responses."),
  proxy: z.string().optional().describe("http or https URL of a proxy, or env:NAME."),
  ca_file: z.string().optional().describe("PEM file of certificates to trust, beside this file."),
  tls_insecure: z.boolean().optional().describe("true: certificates are not checked."),
};

const money = {
  pay_in: price.optional().describe("Price of 1M prompt tokens."),
  pay_out: price.optional().describe("Price of 1M answer tokens."),
  pay_cached: price.optional().describe("Of those read from a cache; default: pay_in."),
  pay_cache_write: price.optional().describe("Of those written to a cache; default: pay_in."),
  pay_think: price.optional().describe("Of answer tokens spent on thinking; default: pay_out."),
  pay_request: price.optional().describe("Price of one request."),
  pay_image: price.optional().describe("Price of one image made."),
  pay_tiers: z
    .array(
      z.strictObject({
        up_to_input: count.optional(),
        pay_in: price,
        pay_out: price,
        pay_cached: price.optional(),
        pay_cache_write: price.optional(),
        pay_think: price.optional(),
      }),
    )
    .optional()
    .describe("Prices by the length of the prompt; they win over those above."),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, "expected a code such as CNY or USD")
    .optional()
    .describe("Default: that of the provider."),
  budget: z
    .strictObject({
      per_run: price.optional(),
      per_day: price.optional(),
      per_key: price.optional(),
      on_exceed: z.enum(["error", "fallback"]).optional(),
    })
    .optional(),
};

const limits = {
  input_tokens: count.optional().describe("Longest prompt, in tokens."),
  out_tokens: count.optional().describe("Longest answer, in tokens."),
  context_window: count.optional().describe("Where prompt and answer share one window."),
  max_tokens_field: z.enum(["max_tokens", "max_completion_tokens", "none"]).optional(),
  timeout: seconds.optional().describe("Seconds to the first byte, for each attempt."),
  idle_timeout: seconds
    .optional()
    .describe("Longest silence within an answer, in seconds; default 60."),
  total_timeout: seconds
    .optional()
    .describe("Longest call with all its waits and attempts, in seconds; default 600."),
  retries: z
    .union([
      z.int().nonnegative(),
      z.strictObject({
        max: z.int().nonnegative().optional(),
        base_ms: count.optional(),
        max_ms: count.optional(),
        respect_retry_after: z.boolean().optional(),
        max_wait: seconds.optional(),
      }),
    ])
    .optional()
    .describe("Attempts after a failed one, or how they are made; default 3."),
  rate_limit: z
    .strictObject({
      rpm: count.optional(),
      tpm: count.optional(),
      max_concurrent: count.optional(),
    })
    .optional()
    .describe("Calls and tokens a minute and calls at once, for this url, key and model."),
  fallbacks: z
    .array(z.string())
    .optional()
    .describe("Ids of models that are asked, in order, where this one fails."),
  fallback_on: z
    .array(z.enum(["rate_limit", "timeout", "server", "overflow", "content"]))
    .optional()
    .describe("Failures that fall back; default rate_limit, timeout, server."),
};

const modelPath = z
  .string()
  .min(1)
  .regex(/^(?!\/\/)[^\s?#:]+$/, "expected a path such as rerank or /v2/rerank")
  .optional()
  .describe("Under `url`; from the host where it begins with a slash.");

const otherModels = {
  dimensions: count.optional(),
  batch_size: count.optional().describe("Most texts of one request; by provider where not given."),
  encoding_format: z.enum(["float", "base64"]).optional(),
  normalize: z.boolean().optional().describe("true: every vector is scaled to length 1."),
  max_chars: count.optional().describe("Longer texts are cut before they are embedded."),
  rerank_path: modelPath,
  top_n: count.optional(),
  return_documents: z.boolean().optional(),
  instruct: z.string().optional(),
  max_documents: count.optional(),
  image_path: modelPath,
  size: z
    .string()
    .regex(/^[\w.*:-]{1,40}$/, "expected a size such as 1024x1024")
    .optional(),
  count: count.max(10).optional().describe("Images of one call where it does not say."),
  response: z.enum(["url", "b64"]).optional().describe("How the provider is asked to send images."),
  poll: poll.optional().describe("Seconds between looks at a task, and the longest wait for it."),
  save: z.boolean().optional().describe("false: images are handed over and not kept as files."),
  async: z
    .strictObject({
      mode: z.enum(["none", "zhipu", "dashscope"]).optional(),
      poll: poll.optional(),
    })
    .optional()
    .describe("Whose way of making things in the background is used; by provider where not given."),
};

/** Every field of a model file; unknown keys are refused, `x-*` keys are taken out before. */
export const modelFieldsSchema = z.strictObject({
  $schema: z.string().optional(),
  ...connection,
  ...money,
  ...limits,
  ...sampling,
  ...thinking,
  ...abilities,
  ...otherModels,
});

export type ModelFields = z.infer<typeof modelFieldsSchema>;

function isPlainHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const isBare = url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  return /^https?:$/.test(url.protocol) && isBare;
}
