import { z } from "zod";
import { AppError } from "../../../core/errors.ts";
import type { Json, JsonObject } from "../../../core/json.ts";
import { spokenAnswer } from "./approvals.ts";

const anyText = z.string().nullish();
const Item = z.looseObject({
  type: anyText,
  role: anyText,
  id: anyText,
  call_id: anyText,
  name: anyText,
  arguments: anyText,
  content: z.unknown().optional(),
  output: z.unknown().optional(),
  summary: z.array(z.looseObject({ text: anyText })).nullish(),
});
type Item = z.infer<typeof Item>;

const Part = z.looseObject({
  type: z.string(),
  text: anyText,
  refusal: anyText,
  image_url: anyText,
  detail: anyText,
  file_data: anyText,
  file_url: anyText,
  filename: anyText,
});

const refuse = (what: string): never => {
  throw new AppError("validation", what, { details: { errors: [{ loc: ["body", "input"] }] } });
};

/** The items of a conversation as messages of a chat completion. */
export function messagesOf(items: readonly JsonObject[]): JsonObject[] {
  const messages: JsonObject[] = [];
  let thought = "";
  for (const raw of items) {
    const item = Item.parse(raw);
    const type = item.type ?? "message";
    if (type === "reasoning") thought = thoughtOf(item);
    else if (type === "message") {
      messages.push({ ...messageOf(item), ...thinking(item.role === "assistant" ? thought : "") });
      thought = "";
    } else if (type === "function_call") {
      addCall(messages, item, thought);
      thought = "";
    } else if (type === "function_call_output")
      messages.push({
        role: "tool",
        tool_call_id: item.call_id ?? "",
        content: contentOf(item.output),
      });
    // The words of the message before it ask the same.
    else if (type === "mcp_approval_request") continue;
    else if (type === "mcp_approval_response")
      messages.push({ role: "user", content: spokenAnswer(raw) });
    else refuse(`Items of type ${JSON.stringify(type)} are not understood here`);
  }
  return messages;
}

const thinking = (thought: string): JsonObject =>
  thought === "" ? {} : { reasoning_content: thought };

function thoughtOf({ summary, content }: Item): string {
  const parts = z
    .array(z.looseObject({ text: anyText }))
    .catch([])
    .parse(content ?? []);
  return [...(summary ?? []), ...parts].map(({ text }) => text ?? "").join("\n\n");
}

const messageOf = ({ role, content }: Item): JsonObject => ({
  role: role ?? "user",
  content: contentOf(content),
});

/** Calls of one answer are one message. */
function addCall(messages: JsonObject[], item: Item, thought: string): void {
  const call = {
    id: item.call_id ?? "",
    type: "function",
    function: { name: item.name ?? "", arguments: item.arguments ?? "" },
  };
  const last = messages.at(-1);
  const isOpen = last?.["role"] === "assistant" && thought === "";
  if (!isOpen)
    messages.push({ role: "assistant", content: null, ...thinking(thought), tool_calls: [call] });
  else {
    const calls = Array.isArray(last["tool_calls"]) ? last["tool_calls"] : [];
    messages[messages.length - 1] = { ...last, tool_calls: [...calls, call] };
  }
}

function contentOf(content: unknown): Json {
  if (!Array.isArray(content)) return typeof content === "string" ? content : "";
  const parts = content.map(partOf);
  // Whoever takes only text gets it as text.
  const texts = parts.map((part) => part["text"]);
  return texts.every((one) => typeof one === "string") ? texts.join("\n") : parts;
}

function partOf(raw: unknown): JsonObject {
  const part = Part.parse(raw);
  const { type, image_url, detail, filename } = part;
  if (typeof part.text === "string") return { type: "text", text: part.text };
  if (type === "refusal") return { type: "text", text: part.refusal ?? "" };
  if (type === "input_image" && image_url)
    return { type: "image_url", image_url: { url: image_url, ...(detail ? { detail } : {}) } };
  const file_data = part.file_data ?? part.file_url;
  if (type === "input_file" && file_data)
    return { type: "file", file: { file_data, ...(filename ? { filename } : {}) } };
  if (type === "input_audio") return JSON.parse(JSON.stringify(raw)) as JsonObject;
  return refuse(`A part of type ${JSON.stringify(type)} must hold its data or its URL`);
}
