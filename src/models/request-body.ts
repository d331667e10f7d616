import type { Body } from "./dialects/index.ts";
import type { Model } from "./model.ts";

/** What one call asks for on top of the model's settings. */
export interface CallOverrides {
  readonly temperature?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly noThink?: boolean | undefined;
}

const SAMPLING_FIELDS = [
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
  "user",
  "service_tier",
] as const;

const FIXED_KEYS = new Set(["model", "messages", "stream"]);

/** Whether thinking is switched off (true), on (false) or left to the server for this call. */
export const noThinkOf = (model: Model, overrides: CallOverrides): boolean | undefined =>
  overrides.noThink ?? model.fields.no_think;

/**
 * The request body, all but its messages: what LangChain made of the call (`base`), the model's
 * settings where the call says nothing, the dialect's own fields, `extra_body`, `drop_params`.
 */
export function requestBody(
  model: Model,
  { base, overrides, isStreamed }: { base: Body; overrides: CallOverrides; isStreamed: boolean },
): Body {
  const { fields, dialect, modelName } = model;
  const body = withoutUndefined(base);
  for (const key of SAMPLING_FIELDS)
    if (body[key] === undefined && fields[key] !== undefined) body[key] = fields[key];
  if (overrides.temperature !== undefined) body["temperature"] = overrides.temperature;
  if (isStreamed) delete body["n"];
  limitAnswer(body, model, overrides);
  const noThink = noThinkOf(model, overrides);
  mergeInto(body, dialect.thinking({ model: modelName, isStreamed, noThink }));
  dialect.adapt?.(body, modelName);
  for (const [key, value] of Object.entries(fields.extra_body ?? {}))
    if (!FIXED_KEYS.has(key)) mergeInto(body, { [key]: value });
  for (const key of fields.drop_params ?? []) if (!FIXED_KEYS.has(key)) delete body[key];
  return body;
}

function limitAnswer(body: Body, model: Model, overrides: CallOverrides): void {
  const { out_tokens: outTokens, max_tokens_field: chosen } = model.fields;
  const field = chosen ?? model.dialect.maxTokensField(model.modelName);
  delete body["max_tokens"];
  delete body["max_completion_tokens"];
  const wanted = overrides.maxTokens ?? outTokens;
  if (field === "none" || wanted === undefined) return;
  body[field] = Math.min(wanted, outTokens ?? wanted);
}

function withoutUndefined(base: Body): Body {
  return Object.fromEntries(Object.entries(base).filter(([, value]) => value !== undefined));
}

/** Objects are joined one level deep, so that `chat_template_kwargs` keeps both authors' keys. */
function mergeInto(body: Body, additions: Body): void {
  for (const [key, value] of Object.entries(additions)) {
    const current = body[key];
    body[key] = isRecord(current) && isRecord(value) ? { ...current, ...value } : value;
  }
}

const isRecord = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Tool schemas without their `$schema` mark, which some servers choke on. */
export function withoutSchemaMarks(body: Body): Body {
  const tools = body["tools"];
  if (!Array.isArray(tools)) return body;
  return { ...body, tools: tools.map((tool: unknown) => withoutMark(tool)) };
}

function withoutMark(tool: unknown): unknown {
  if (!isRecord(tool) || !isRecord(tool["function"])) return tool;
  const { parameters } = tool["function"];
  if (!isRecord(parameters) || !("$schema" in parameters)) return tool;
  const { $schema: _, ...rest } = parameters;
  return { ...tool, function: { ...tool["function"], parameters: rest } };
}
