import { z } from "zod";

const count = z.int().positive();
const isOn = z.union([z.boolean(), z.literal("auto")]);

/** Parameters of Chat Completions that a model file sets. */
export const sampling = {
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().optional(),
  min_p: z.number().min(0).max(1).optional(),
  frequency_penalty: z.number().optional(),
  presence_penalty: z.number().optional(),
  repetition_penalty: z.number().optional(),
  stop: z.union([z.string(), z.array(z.string())]).optional(),
  seed: z.int().optional(),
  n: count.optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(20).optional(),
  logit_bias: z.record(z.string(), z.number()).optional(),
  user: z.string().optional(),
  service_tier: z.string().optional(),
  response_format: z.record(z.string(), z.json()).optional(),
  stream_options: z.record(z.string(), z.json()).optional(),
  parallel_tool_calls: z.boolean().optional(),
  store: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  extra_body: z.record(z.string(), z.json()).optional(),
  drop_params: z.array(z.string()).optional(),
};

/** Whether and how a model thinks, and where its thinking is found. */
export const thinking = {
  no_think: z.boolean().optional().describe("true: answer without thinking; false: think."),
  thinking: z
    .strictObject({
      budget: count.optional(),
      effort: z.string().optional(),
      summary: z
        .enum(["auto", "concise", "detailed"])
        .optional()
        .describe("Of the Responses API: thinking is told in short."),
      strategy: z
        .enum([
          "enable_thinking",
          "template_kwargs",
          "thinking_type",
          "reasoning_effort",
          "reasoning_object",
          "think",
          "soft_switch",
          "none",
        ])
        .optional(),
      keep: z.union([z.string(), z.boolean()]).optional(),
    })
    .optional(),
  reasoning: z
    .strictObject({
      parse: z.enum(["auto", "field", "think", "think_open", "off"]).optional(),
      field: z.string().optional(),
      send_back: z.enum(["auto", "never", "tools", "always"]).optional(),
    })
    .optional(),
  stream_upstream: z.enum(["auto", "always", "never"]).optional(),
};

/** What a model can do and what the product shall make of it. */
export const abilities = {
  capabilities: z
    .strictObject({
      tools: isOn.optional(),
      parallel_tools: isOn.optional(),
      json_schema: isOn.optional(),
      json_object: isOn.optional(),
      vision: isOn.optional(),
      image_urls: isOn.optional(),
      audio: isOn.optional(),
      video: isOn.optional(),
      files: isOn.optional(),
      streaming: isOn.optional(),
      stream_usage: isOn.optional(),
      logprobs: isOn.optional(),
    })
    .optional(),
  media_hosts: z
    .array(z.string().trim().toLowerCase().min(1))
    .optional()
    .describe("Internal hosts, or host:port, from which images may be fetched to be sent inline."),
  structured_output: z
    .enum(["auto", "json_schema", "json_object", "tool", "prompt"])
    .optional()
    .describe("How an answer in a shape is asked for; default auto: the best that is known."),
  tokenizer: z
    .enum(["heuristic", "o200k", "cl100k", "server"])
    .optional()
    .describe(
      "How prompts are counted; default heuristic, which learns from the provider. server asks POST /tokenize of llama.cpp or vLLM.",
    ),
  enabled: z.boolean().optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
};
