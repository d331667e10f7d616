import type { ServerResponse } from "node:http";
import {
  COUNTS,
  isStreamed,
  type Json,
  pieces,
  type Reply,
  sendJson,
  type Shape,
} from "./shape.ts";

const USAGE = {
  input_tokens: COUNTS.prompt,
  input_tokens_details: { cached_tokens: COUNTS.cached },
  output_tokens: COUNTS.answer,
  output_tokens_details: { reasoning_tokens: COUNTS.reasoning },
  total_tokens: COUNTS.total,
};

/** A response as the Responses API shows it at any time. */
export const responseOf = (status: string, output: readonly Json[], rest: Json = {}): Json => ({
  id: "resp_1",
  object: "response",
  created_at: 1,
  model: "fake-1",
  status,
  error: null,
  incomplete_details: null,
  output,
  usage: status === "in_progress" ? null : USAGE,
  ...rest,
});

/** The items of an answer: what was thought, said and called. */
export function itemsOf({ reasoning, text, calls = [] }: Reply): Json[] {
  const thought = {
    id: "rs_1",
    type: "reasoning",
    summary: [{ type: "summary_text", text: reasoning }],
    encrypted_content: `sealed ${reasoning}`,
  };
  const part = { type: "output_text", text, annotations: [] };
  const message = { id: "msg_1", type: "message", role: "assistant", content: [part] };
  return [
    ...(reasoning === undefined ? [] : [thought]),
    ...(text === undefined ? [] : [{ ...message, status: "completed" }]),
    ...calls.map(({ name, args }, index) => ({
      id: `fc_${index + 1}`,
      type: "function_call",
      status: "completed",
      call_id: `call_${index + 1}`,
      name,
      arguments: JSON.stringify(args),
    })),
  ];
}

const DELTAS: Readonly<
  Record<string, (item: Json) => { type: string; text: string; place: Json }>
> = {
  reasoning: ({ summary }) => ({
    type: "response.reasoning_summary_text.delta",
    text: textIn(summary),
    place: { summary_index: 0 },
  }),
  message: ({ content }) => ({
    type: "response.output_text.delta",
    text: textIn(content),
    place: { content_index: 0 },
  }),
  function_call: ({ arguments: args }) => ({
    type: "response.function_call_arguments.delta",
    text: String(args),
    place: {},
  }),
};

const textIn = (parts: unknown): string => (parts as { text: string }[])[0]?.text ?? "";

const EMPTY: Readonly<Record<string, Json>> = {
  reasoning: { summary: [] },
  message: { content: [] },
  function_call: { arguments: "" },
};

/** The events of one item, its text in pieces. */
export function eventsOf(item: Json, output_index: number): Json[] {
  const kind = String(item["type"]);
  const about = { output_index, item_id: item["id"] };
  const { type, text, place } = DELTAS[kind]?.(item) ?? { type: "", text: "", place: {} };
  return [
    { type: "response.output_item.added", output_index, item: { ...item, ...EMPTY[kind] } },
    ...pieces(text).map((delta) => ({ type, ...about, ...place, delta })),
    { type: "response.output_item.done", output_index, item },
  ];
}

export const BEGUN: readonly Json[] = [
  { type: "response.created", response: responseOf("in_progress", []) },
  { type: "response.in_progress", response: responseOf("in_progress", []) },
];

/** Events by their names, as this API sends them; with `isOpen` the answer never ends. */
export function sendNamed(
  response: ServerResponse,
  events: readonly Json[],
  { isOpen = false } = {},
): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const [sequence_number, event] of events.entries())
    response.write(
      `event: ${String(event["type"])}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`,
    );
  if (!isOpen) response.end();
}

/** What the API refuses of Chat Completions. */
const FOREIGN = ["messages", "max_tokens", "response_format", "stream_options", "reasoning_effort"];

/** OpenAI over its Responses API. */
export const openaiResponses: Shape = {
  fields: { dialect: "openai", model: "gpt-5.1", api: "responses" },
  path: "/v1/responses",
  refuses: (body) => {
    const key = FOREIGN.find((name) => name in body);
    return key === undefined ? undefined : `Unknown parameter: ${key}`;
  },
  answer: (reply) => (response, request) => {
    const items = itemsOf(reply);
    const done = responseOf("completed", items);
    if (!isStreamed(request)) return sendJson(response, done);
    const end = { type: "response.completed", response: done };
    sendNamed(response, [...BEGUN, ...items.flatMap(eventsOf), end]);
  },
  messages,
};

/** Instructions and items put together; a reasoning item belongs to what comes after it. */
function messages({ instructions, input }: Json): Json[] {
  const list: Json[] =
    instructions === undefined ? [] : [{ role: "system", content: instructions }];
  let thought: Json = {};
  for (const item of input as Json[]) {
    if (item["type"] === "reasoning") thought = { reasoning_details: [item] };
    else if (item["type"] === "function_call")
      list.push({ role: "assistant", content: "", tool_calls: [item], ...thought });
    else if (item["type"] === "function_call_output")
      list.push({ role: "tool", content: item["output"] });
    else list.push(item);
    if (item["type"] !== "reasoning") thought = {};
  }
  return list;
}
