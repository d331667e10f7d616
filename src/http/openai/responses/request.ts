import { z } from "zod";
import { AppError } from "../../../core/errors.ts";
import type { JsonObject } from "../../../core/json.ts";
import { absent, flag, json, jsonObject } from "../../schemas.ts";
import { type ChatRequest, silentChatBody } from "../chat/request.ts";
import { messagesOf } from "./input.ts";

const id = z
  .string()
  .regex(/^resp_[0-9a-f-]{36}$/, "expected the id of a response")
  .transform((text) => text.slice("resp_".length));

const format = z.looseObject({ type: z.string(), name: absent(z.string()) });
const tool = z.looseObject({ type: z.string(), name: absent(z.string()) });

/** A request for a response. What a model or a graph does not know of it is left out, not refused. */
export const responseBody = z.looseObject({
  model: z.string().min(1).max(300),
  input: z
    .union([z.string(), z.array(jsonObject).min(1)])
    .transform((input): JsonObject[] =>
      typeof input === "string" ? [{ type: "message", role: "user", content: input }] : input,
    ),
  instructions: absent(z.string()),
  previous_response_id: absent(id),
  stream: absent(z.boolean()),
  store: absent(z.boolean()),
  background: absent(z.boolean()),
  metadata: absent(jsonObject),
  max_output_tokens: absent(z.int().positive()),
  reasoning: absent(z.looseObject({ effort: absent(z.string()) })),
  text: absent(z.looseObject({ format: absent(format), verbosity: absent(z.string()) })),
  tools: absent(z.array(tool)),
  tool_choice: absent(json),
});
export type ResponseRequest = z.output<typeof responseBody>;

export const responseParams = z.object({ response_id: id });

const many = z.union([z.string(), z.array(z.string())]).optional();

export const responseQuery = z.object({
  stream: flag,
  starting_after: z.coerce.number().int().nonnegative().optional(),
  include: many,
  "include[]": many,
  include_obfuscation: z.string().optional(),
});

export const itemsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  order: z.enum(["asc", "desc"]).default("desc"),
  after: z.string().optional(),
  before: z.string().optional(),
  include: many,
  "include[]": many,
});

/** Fields that have no place in a chat completion, or another one. */
const OWN_FIELDS = new Set([
  ...Object.keys(responseBody.shape),
  "include",
  "truncation",
  "conversation",
  "prompt",
  "max_tool_calls",
  "stream_options",
]);

/** The same as a request for a chat completion, after the items of an earlier conversation; it may say nothing. */
export function chatOf(body: ResponseRequest, earlier: readonly JsonObject[]): ChatRequest {
  const { model, instructions, input, metadata, max_output_tokens, reasoning, text } = body;
  const spoken = messagesOf([...earlier, ...input]);
  const others = Object.entries(body).filter(([key]) => !OWN_FIELDS.has(key));
  return silentChatBody.parse({
    ...Object.fromEntries(others),
    model,
    messages: instructions ? [{ role: "system", content: instructions }, ...spoken] : spoken,
    ...(metadata ? { metadata } : {}),
    ...(max_output_tokens ? { max_completion_tokens: max_output_tokens } : {}),
    ...(reasoning?.effort ? { reasoning_effort: reasoning.effort } : {}),
    ...(text?.verbosity ? { verbosity: text.verbosity } : {}),
    ...formatOf(text?.format),
    ...toolsOf(body),
  });
}

/** Refuses a request that says nothing, as one of thoughts alone. */
export function refuseSilence({ messages }: ChatRequest): void {
  if (messages.some(({ role }) => role !== "system")) return;
  throw new AppError("validation", "input says nothing that could be answered", {
    details: { errors: [{ loc: ["body", "input"] }] },
  });
}

function formatOf(wanted: z.output<typeof format> | undefined): object {
  if (wanted === undefined || wanted.type === "text") return {};
  const { type, ...json_schema } = wanted;
  return { response_format: type === "json_schema" ? { type, json_schema } : { type } };
}

function toolsOf({ tools = [], tool_choice: choice }: ResponseRequest): object {
  if (tools.length === 0) return {};
  const translated = tools.map(({ type, ...details }) => {
    if (type === "function") return { type, function: details };
    throw new AppError("validation", `Tools of type ${JSON.stringify(type)} are not there`, {
      details: { errors: [{ loc: ["body", "tools"] }] },
    });
  });
  const named = tool.safeParse(choice).data;
  const name = named?.type === "function" ? named.name : undefined;
  const wanted = name === undefined ? choice : { type: "function", function: { name } };
  const isKnown = typeof wanted === "string" || name !== undefined;
  return { tools: translated, ...(isKnown ? { tool_choice: wanted } : {}) };
}

/** What a response says of its request where that says nothing. */
const DEFAULTS: JsonObject = {
  background: false,
  instructions: null,
  max_output_tokens: null,
  metadata: {},
  parallel_tool_calls: true,
  reasoning: { effort: null, summary: null },
  store: true,
  temperature: null,
  text: { format: { type: "text" } },
  tool_choice: "auto",
  tools: [],
  top_p: null,
  truncation: "disabled",
  user: null,
};

/** A response as it begins: what was asked of it, and no answer yet. */
export function begunResponse(
  body: ResponseRequest,
  { response_id, created_at }: { response_id: string; created_at: number },
): JsonObject {
  const { model, previous_response_id: previous } = body;
  // What the router has parsed is JSON.
  const asked = Object.entries(body as JsonObject).filter(
    ([key, value]) => Object.hasOwn(DEFAULTS, key) && value != null,
  );
  return {
    ...DEFAULTS,
    ...Object.fromEntries(asked),
    id: `resp_${response_id}`,
    object: "response",
    created_at: Math.floor(created_at / 1000),
    status: "queued",
    error: null,
    incomplete_details: null,
    model,
    output: [],
    previous_response_id: previous === undefined ? null : `resp_${previous}`,
    usage: null,
  };
}
