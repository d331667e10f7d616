import { applyRules } from "./body-rules.ts";
import type { Body, ThinkingWish } from "./dialects/index.ts";
import { thinkingBy } from "./dialects/strategies.ts";
import { isRecord, mergeInto, withoutUndefined } from "./merge-body.ts";
import type { Model } from "./model.ts";
import { BODY_PARAMETERS, type CallParameters } from "./parameters.ts";
import { warnOnce } from "./warn-once.ts";

/** What one call asks for on top of the model's settings. */
export interface CallOverrides {
  readonly temperature?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly noThink?: boolean | undefined;
  /** Longest thinking, in tokens. */
  readonly thinkingBudget?: number | undefined;
  readonly thinkingEffort?: string | undefined;
  readonly parameters?: CallParameters | undefined;
}

export interface BodyParts {
  /** What LangChain made of the call. */
  readonly base: Body;
  readonly overrides: CallOverrides;
  /** Parameters among the options of the call itself. */
  readonly options?: CallParameters;
  readonly isStreamed: boolean;
  /** The answer goes on to a client of this wire, who can read several in one stream. */
  readonly isRaw?: boolean;
}

const FIXED_KEYS = new Set(["model", "messages", "stream"]);

/** What this call wants of thinking: a budget or an effort of the call outdoes the file's `no_think`. */
export function wishOf({ fields }: Model, overrides: CallOverrides): ThinkingWish {
  const { noThink, thinkingBudget, thinkingEffort } = overrides;
  const asksToThink = thinkingBudget !== undefined || thinkingEffort !== undefined;
  const configured = fields.thinking ?? {};
  return {
    noThink: noThink ?? (asksToThink ? undefined : fields.no_think),
    budget: thinkingBudget ?? (thinkingEffort === undefined ? configured.budget : undefined),
    effort: thinkingEffort ?? (thinkingBudget === undefined ? configured.effort : undefined),
    keep: configured.keep,
  };
}

/**
 * The request body, all but its messages: what LangChain made of the call (`base`), the parameters of
 * call, run and model file, the dialect's own fields and rules, `extra_body`, `drop_params`.
 */
export function requestBody(model: Model, parts: BodyParts): Body {
  const { overrides, options = {}, isStreamed } = parts;
  const body = withoutUndefined(parts.base);
  fillParameters(body, model, parts);
  limitAnswer(body, model, parts);
  mergeInto(body, thinkingFields(model, { overrides, isStreamed }));
  suitStream(body, model, parts);
  applyRules(body, model);
  model.dialect.adapt?.(body, model.modelName);
  const { extra_body: configured, drop_params: dropped = [] } = model.fields;
  for (const extra of [configured, overrides.parameters?.extra_body, options.extra_body])
    for (const [key, value] of Object.entries(extra ?? {}))
      if (!FIXED_KEYS.has(key)) mergeInto(body, { [key]: value });
  const unwanted = [overrides.parameters?.drop_params, options.drop_params, dropped];
  for (const key of unwanted.flatMap((list) => list ?? []))
    if (!FIXED_KEYS.has(key)) delete body[key];
  return body;
}

function fillParameters(body: Body, { fields }: Model, parts: BodyParts): void {
  const { overrides, options = {} } = parts;
  const run = overrides.parameters ?? {};
  const file: Body = fields;
  for (const key of BODY_PARAMETERS) {
    const value = options[key] ?? body[key] ?? run[key] ?? file[key];
    if (value !== undefined) body[key] = value;
  }
  if (overrides.temperature !== undefined && options.temperature === undefined)
    body["temperature"] = overrides.temperature;
}

function limitAnswer(body: Body, model: Model, { overrides, options = {} }: BodyParts): void {
  const { out_tokens: outTokens, max_tokens_field: chosen } = model.fields;
  const field = chosen ?? model.dialect.maxTokensField(model.modelName);
  delete body["max_tokens"];
  delete body["max_completion_tokens"];
  const run = overrides.parameters ?? {};
  const wanted =
    options.max_completion_tokens ??
    options.max_tokens ??
    overrides.maxTokens ??
    run.max_completion_tokens ??
    run.max_tokens ??
    outTokens;
  if (field === "none" || wanted === undefined) return;
  body[field] = Math.min(wanted, outTokens ?? wanted);
}

function thinkingFields(
  model: Model,
  { overrides, isStreamed }: Pick<BodyParts, "overrides" | "isStreamed">,
): Body {
  const wish = wishOf(model, overrides);
  const strategy = model.fields.thinking?.strategy;
  const fieldsFor = (asked: ThinkingWish): Body =>
    strategy === undefined
      ? model.dialect.thinking({ ...asked, model: model.modelName, isStreamed })
      : thinkingBy(strategy, asked);
  const fields = fieldsFor(wish);
  if (wish.noThink !== true && wish.effort !== "none")
    warnOfLost(model, { wish, fields, fieldsFor });
  return fields;
}

/** A budget or effort that changes nothing in the request is lost, which the operator should know. */
function warnOfLost(
  model: Model,
  asked: { wish: ThinkingWish; fields: Body; fieldsFor: (wish: ThinkingWish) => Body },
): void {
  const { wish, fields, fieldsFor } = asked;
  for (const key of ["budget", "effort"] as const) {
    if (wish[key] === undefined) continue;
    const without = fieldsFor({ ...wish, noThink: false, [key]: undefined });
    if (JSON.stringify(without) === JSON.stringify(fields))
      warnOnce(model, `thinking.${key} is not sent: this provider has none for this model`);
  }
}

/** What only a stream, or only a whole answer, may ask for. */
function suitStream(body: Body, model: Model, { isStreamed, isRaw }: BodyParts): void {
  if (!isStreamed || model.fields.capabilities?.stream_usage === false)
    delete body["stream_options"];
  if (!isStreamed || isRaw === true || body["n"] === undefined) return;
  if (body["n"] !== 1)
    warnOnce(model, "n is not sent with streams: a stream is one answer; generate() gives all");
  delete body["n"];
}

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
