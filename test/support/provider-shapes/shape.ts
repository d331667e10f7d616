import type { ServerResponse } from "node:http";
import type { Answer, RecordedRequest } from "../fake-provider.ts";

/** What a fake provider is to say, whatever its wire makes of it. */
export interface Reply {
  readonly reasoning?: string;
  readonly text?: string;
  readonly calls?: readonly { readonly name: string; readonly args: Record<string, unknown> }[];
}

export type Json = Record<string, unknown>;

/** A provider as its wire shows it. */
export interface Shape {
  /** Fields of the model file besides model, url and key. */
  readonly fields: Json;
  /** The base URL that a model file has, from that of the fake. */
  readonly baseUrl?: (url: string) => string;
  readonly path?: string;
  /** What the provider refuses, as the message of a 400. */
  readonly refuses?: (body: Json) => string | undefined;
  answer(reply: Reply): Answer;
  /** The messages of a request as Chat Completions would have them; its own where not given. */
  readonly messages?: (body: Json) => Json[];
}

/** The counts of every reply, as our own usage has them. */
export const COUNTS = { prompt: 11, answer: 7, total: 18, cached: 5, reasoning: 3 };

export const FRAME = { id: "chatcmpl-1", created: 1, model: "fake-1" };

/** The text in pieces of two characters, as a stream has it. */
export const pieces = (text = ""): string[] => text.match(/.{1,2}/gsu) ?? [];

export const chunk = (delta: Json, rest: Json = {}, finish: string | null = null): Json => ({
  ...FRAME,
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...rest,
});

export const whole = (message: Json, finish: string, usage: Json): Json => ({
  ...FRAME,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish }],
  usage,
});

export const finishOf = ({ calls = [] }: Reply): string =>
  calls.length > 0 ? "tool_calls" : "stop";

export const isStreamed = ({ body }: RecordedRequest): boolean => body["stream"] === true;

export function sendJson(response: ServerResponse, body: Json, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

/** SSE lines: a chunk, or a comment where it is a string. */
export function sendEvents(response: ServerResponse, chunks: readonly (Json | string)[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const each of chunks)
    response.write(
      typeof each === "string" ? `: ${each}\n\n` : `data: ${JSON.stringify(each)}\n\n`,
    );
  response.end("data: [DONE]\n\n");
}

/** Answers as asked: streamed or whole. */
export const either =
  (chunks: readonly (Json | string)[], body: Json): Answer =>
  (response, request) =>
    isStreamed(request) ? sendEvents(response, chunks) : sendJson(response, body);

/** Whole tool calls as OpenAI has them. */
export const wholeCalls = ({ calls = [] }: Reply): Json =>
  calls.length === 0
    ? {}
    : {
        tool_calls: calls.map(({ name, args }, index) => ({
          index,
          id: `call_${index + 1}`,
          type: "function",
          function: { name, arguments: JSON.stringify(args) },
        })),
      };
