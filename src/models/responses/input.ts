import type { Model } from "../model.ts";
import {
  argumentsText,
  asWireObject,
  contentText,
  itemsOf,
  said,
  type WireObject,
} from "../wire.ts";
import { itemsIn } from "./reasoning-items.ts";

/** Messages of Chat Completions as `instructions` and the items of `input`. */
export function conversationOf(messages: readonly unknown[], model: Model): WireObject {
  const list = messages.map((message) => asWireObject(message) ?? {});
  const start = list.findIndex((message) => !isInstruction(message));
  const count = start < 0 ? list.length : start;
  const instructions = list.slice(0, count).map(({ content }) => contentText(content));
  return {
    ...(count === 0 ? {} : { instructions: instructions.join("\n\n") }),
    input: list.slice(count).flatMap((message) => itemsOfMessage(message, model)),
  };
}

const isInstruction = ({ role }: WireObject): boolean => role === "system" || role === "developer";

function itemsOfMessage(message: WireObject, model: Model): WireObject[] {
  const { role, content } = message;
  if (role === "assistant") return answerItems(message, model);
  if (role === "tool") return [resultItem(said(message["tool_call_id"]) ?? "", content)];
  if (role === "function") return [resultItem(oldCallId(said(message["name"]) ?? ""), content)];
  return [{ role, content: partsOf(content) }];
}

function answerItems(message: WireObject, model: Model): WireObject[] {
  const text = contentText(message["content"]) || (said(message["refusal"]) ?? "");
  const old = asWireObject(message["function_call"]);
  const oldName = said(old?.["name"]);
  return [
    ...itemsIn(message, model),
    ...(text === "" ? [] : [{ role: "assistant", content: text }]),
    ...itemsOf(message["tool_calls"]).map((call) => callItem(asWireObject(call) ?? {})),
    ...(oldName === undefined ? [] : [callItem({ id: oldCallId(oldName), function: old })]),
  ];
}

function callItem({ id, function: raw }: WireObject): WireObject {
  const { name, arguments: args } = asWireObject(raw) ?? {};
  return { type: "function_call", call_id: id, name, arguments: argumentsText(args) || "{}" };
}

/** The old `functions` had no ids. */
const oldCallId = (name: string): string => `call_${name}`;

function resultItem(call_id: string, content: unknown): WireObject {
  const hasMedia = itemsOf(content).some((part) => asWireObject(part)?.["text"] === undefined);
  return {
    type: "function_call_output",
    call_id,
    output: hasMedia ? partsOf(content) : contentText(content),
  };
}

/** The parts of a question, by the names that they have here. */
function partsOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content ?? "";
  return itemsOf(content).map((part) => partOf(asWireObject(part) ?? {}));
}

function partOf(part: WireObject): WireObject {
  const { type } = part;
  if (type === "text") return { type: "input_text", text: part["text"] };
  if (type === "image_url") {
    const { url, detail } = asWireObject(part["image_url"]) ?? {};
    return { type: "input_image", image_url: url, detail: detail ?? "auto" };
  }
  if (type === "file") return { type: "input_file", ...asWireObject(part["file"]) };
  return part;
}
