import { z } from "zod";
import type { Json, JsonObject } from "../../../core/json.ts";

const anything = z.unknown().transform((value) => value as Json);

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: anything.optional(),
  function_call: z.looseObject({ name: z.string(), arguments: z.string() }).nullish(),
});

/** A request for a chat completion. What a model or a graph does not know of it is left out, not refused. */
export const chatBody = z.looseObject({
  model: z.string().min(1).max(300),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  functions: z.array(z.looseObject({ name: z.string() })).nullish(),
  function_call: z
    .union([z.enum(["none", "auto"]), z.looseObject({ name: z.string() })], {
      error: 'expected "none", "auto" or { "name": ... }',
    })
    .nullish(),
});

/** The same where what is said may be elsewhere. */
export const silentChatBody = chatBody.extend({ messages: z.array(message) });

export type ChatRequest = z.output<typeof chatBody>;
export type ChatMessage = ChatRequest["messages"][number];

/** Whether the client wants to be told the usage of a stream. */
export const wantsUsage = ({ stream_options }: ChatRequest): boolean =>
  stream_options?.include_usage === true;

/** The text of a message's content, a string or a list of parts. */
export function textOf(content: Json | undefined): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part) => (isTextPart(part) ? part["text"] : ""))
    .filter((text) => text !== "")
    .join("\n");
}

const isTextPart = (part: Json): part is JsonObject & { text: string } =>
  typeof part === "object" &&
  part !== null &&
  !Array.isArray(part) &&
  typeof part["text"] === "string";
