import { z } from "zod";

const json = z.record(z.string(), z.json());

/**
 * The parameters of Chat Completions that a call may set, besides those with fields of their own
 * (model, temperature, max_tokens, thinking); names and units are those of the OpenAI wire.
 */
export const callParametersSchema = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().optional(),
  min_p: z.number().min(0).max(1).optional(),
  frequency_penalty: z.number().optional(),
  presence_penalty: z.number().optional(),
  repetition_penalty: z.number().optional(),
  stop: z.union([z.string(), z.array(z.string())]).optional(),
  seed: z.int().optional(),
  n: z.int().positive().max(128).optional(),
  max_tokens: z.int().positive().optional(),
  max_completion_tokens: z.int().positive().optional(),
  logprobs: z.boolean().optional(),
  top_logprobs: z.int().min(0).max(20).optional(),
  logit_bias: z.record(z.string(), z.number()).optional(),
  response_format: json.optional(),
  stream_options: json.optional(),
  parallel_tool_calls: z.boolean().optional(),
  functions: z.array(json).optional(),
  function_call: z.union([z.string(), json]).optional(),
  tool_choice: z.union([z.string(), json]).optional(),
  service_tier: z.string().optional(),
  store: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  user: z.string().optional(),
  extra_body: json.optional(),
  drop_params: z.array(z.string()).optional(),
});

export type CallParameters = z.infer<typeof callParametersSchema>;

/** Parameters that are filled in from call, run and model file, in this order. */
export const BODY_PARAMETERS = [
  "temperature",
  "top_p",
  "top_k",
  "min_p",
  "frequency_penalty",
  "presence_penalty",
  "repetition_penalty",
  "stop",
  "seed",
  "n",
  "logprobs",
  "top_logprobs",
  "logit_bias",
  "response_format",
  "stream_options",
  "parallel_tool_calls",
  "functions",
  "function_call",
  "tool_choice",
  "service_tier",
  "store",
  "metadata",
  "user",
] as const;

/** Call options that are LangChain's own: what a trace says of the run, and a choice that it puts into the wire's words. */
const NOT_OPTIONS = new Set(["metadata", "tool_choice"]);

const OPTION_NAMES = Object.keys(callParametersSchema.shape).filter(
  (name) => !NOT_OPTIONS.has(name),
);

/** Parameters among the call options of `invoke`, `stream` and `withConfig`, most unknown to LangChain. */
export function optionParameters(options: object): CallParameters {
  const found: Record<string, unknown> = {};
  for (const name of OPTION_NAMES) {
    const value = Object.getOwnPropertyDescriptor(options, name)?.value as unknown;
    if (value !== undefined && value !== null) found[name] = value;
  }
  return asParameters(found);
}

/** Options come from code, which answers for their types; a wrong one is the provider's to refuse. */
const asParameters = (found: Record<string, unknown>): CallParameters => found;
