import { AppError } from "../../core/errors.ts";
import type { Model } from "../model.ts";
import { warnOnce } from "../warn-once.ts";
import { asWireObject, itemsOf, said, type WireObject } from "../wire.ts";
import { conversationOf } from "./input.ts";

/** Parameters of Chat Completions that the Responses API has not. */
const UNKNOWN = [
  "stop",
  "seed",
  "frequency_penalty",
  "presence_penalty",
  "logit_bias",
  "top_k",
  "min_p",
  "repetition_penalty",
];

/** A Chat Completions request as the Responses API takes it; fields that both have go through. */
export function responsesRequest(body: WireObject, model: Model): WireObject {
  const {
    messages,
    max_tokens,
    max_completion_tokens,
    reasoning_effort: _effort,
    reasoning: _reasoning,
    tools: _tools,
    functions: _functions,
    tool_choice: _choice,
    function_call: _call,
    response_format: _format,
    verbosity: _verbosity,
    logprobs: _logprobs,
    stream_options: _options,
    n,
    ...rest
  } = body;
  if (typeof n === "number" && n > 1)
    throw new AppError("validation", `n: ${model.label} gives one answer to a request`);
  for (const key of UNKNOWN) {
    if (rest[key] === undefined) continue;
    delete rest[key];
    warnOnce(model, `${key} is not sent: the Responses API has none`);
  }
  const { store = false } = rest;
  const limit = max_completion_tokens ?? max_tokens;
  return {
    ...rest,
    store,
    ...conversationOf(itemsOf(messages), model),
    ...given("max_output_tokens", limit),
    ...given("reasoning", reasoningOf(body, model)),
    ...given("tools", toolsOf(body)),
    ...given("tool_choice", toolChoiceOf(body)),
    ...given("text", textOf(body)),
    ...given("include", includeOf(body, model)),
  };
}

const given = (name: string, value: unknown): WireObject =>
  value === undefined ? {} : { [name]: value };

function reasoningOf(body: WireObject, { fields }: Model): WireObject | undefined {
  const effort = said(body["reasoning_effort"]);
  const summary = fields.thinking?.summary;
  const asked = {
    ...given("effort", effort),
    ...(effort === "none" ? {} : given("summary", summary)),
    ...asWireObject(body["reasoning"]),
  };
  return Object.keys(asked).length === 0 ? undefined : asked;
}

function toolsOf(body: WireObject): WireObject[] | undefined {
  const functions = itemsOf(body["functions"]).map((each) => ({
    type: "function",
    function: each,
  }));
  const tools = [...itemsOf(body["tools"]), ...functions];
  return tools.length === 0 ? undefined : tools.map((tool) => toolOf(asWireObject(tool) ?? {}));
}

/** Functions stand flat; whatever else there is, such as the provider's own tools, is as it is. */
function toolOf(tool: WireObject): WireObject {
  const details = asWireObject(tool["function"]);
  if (details === undefined) return tool;
  // Here a function is strict unless it says that it is not.
  return { type: "function", ...details, strict: details["strict"] ?? false };
}

function toolChoiceOf(body: WireObject): unknown {
  const choice = body["tool_choice"] ?? body["function_call"];
  const object = asWireObject(choice);
  const name = said(asWireObject(object?.["function"])?.["name"]) ?? said(object?.["name"]);
  return name === undefined ? choice : { type: "function", name };
}

function textOf(body: WireObject): WireObject | undefined {
  const format = asWireObject(body["response_format"]);
  const schema = asWireObject(format?.["json_schema"]);
  const text = {
    ...asWireObject(body["text"]),
    ...given("format", schema === undefined ? format : { type: "json_schema", ...schema }),
    ...given("verbosity", body["verbosity"]),
  };
  return Object.keys(text).length === 0 ? undefined : text;
}

/** What an answer shall bring besides its words: reasoning to be sent back, where nothing is stored. */
function includeOf(body: WireObject, { dialect, modelName }: Model): unknown[] | undefined {
  const isSealed = body["store"] !== true && dialect.sealsReasoning?.(modelName) === true;
  const include = new Set([
    ...itemsOf(body["include"]),
    ...(isSealed ? ["reasoning.encrypted_content"] : []),
    ...(body["logprobs"] === true ? ["message.output_text.logprobs"] : []),
  ]);
  return include.size === 0 ? undefined : [...include];
}
