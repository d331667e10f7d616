import { readDataUrl } from "../../core/data-url.ts";
import type { Model } from "../model.ts";
import { asWireObject, contentText, itemsOf, said, type WireObject } from "../wire.ts";

/** Names that Chat Completions and Ollama's options have for the same thing. */
const OPTION_NAMES: Readonly<Record<string, string>> = {
  temperature: "temperature",
  top_p: "top_p",
  top_k: "top_k",
  min_p: "min_p",
  seed: "seed",
  frequency_penalty: "frequency_penalty",
  presence_penalty: "presence_penalty",
  repetition_penalty: "repeat_penalty",
  max_tokens: "num_predict",
  max_completion_tokens: "num_predict",
  num_ctx: "num_ctx",
};

/** Fields that go through as they are. */
const PASSED = ["model", "tools", "think", "keep_alive", "logprobs", "top_logprobs"];

/** A Chat Completions request as Ollama's /api/chat takes it. */
export function nativeRequest(body: WireObject, model: Model): WireObject {
  const request: WireObject = { stream: body["stream"] === true };
  for (const key of PASSED) if (body[key] !== undefined) request[key] = body[key];
  const names = toolNames(body);
  request["messages"] = itemsOf(body["messages"]).map((message) =>
    nativeMessage(asWireObject(message) ?? {}, names),
  );
  const format = formatOf(body);
  if (format !== undefined) request["format"] = format;
  const options = optionsOf(body, model);
  if (Object.keys(options).length > 0) request["options"] = options;
  return request;
}

function optionsOf(body: WireObject, { fields }: Model): WireObject {
  const options: WireObject = {};
  // Without it the server cuts every prompt at its own small window, and says nothing.
  const window = fields.context_window ?? fields.input_tokens;
  if (window !== undefined) options["num_ctx"] = window;
  for (const [key, name] of Object.entries(OPTION_NAMES))
    if (body[key] !== undefined) options[name] = body[key];
  const { stop } = body;
  if (stop !== undefined) options["stop"] = Array.isArray(stop) ? stop : [stop];
  return { ...options, ...asWireObject(body["options"]) };
}

function formatOf(body: WireObject): unknown {
  const format = asWireObject(body["response_format"]);
  if (format?.["type"] === "json_object") return "json";
  return asWireObject(format?.["json_schema"])?.["schema"] ?? body["format"];
}

/** Which tool a result belongs to: the native wire knows no call ids. */
function toolNames(body: WireObject): Map<string, string> {
  const names = new Map<string, string>();
  for (const message of itemsOf(body["messages"]))
    for (const call of itemsOf(asWireObject(message)?.["tool_calls"])) {
      const id = said(asWireObject(call)?.["id"]);
      const name = said(asWireObject(asWireObject(call)?.["function"])?.["name"]);
      if (id !== undefined && name !== undefined) names.set(id, name);
    }
  return names;
}

function nativeMessage(message: WireObject, names: ReadonlyMap<string, string>): WireObject {
  const native: WireObject = {
    role: message["role"] === "developer" ? "system" : message["role"],
    content: contentText(message["content"]),
  };
  const images = itemsOf(message["content"]).flatMap(imageData);
  if (images.length > 0) native["images"] = images;
  const thinking = said(message["reasoning_content"]) ?? said(message["reasoning"]);
  if (thinking !== undefined) native["thinking"] = thinking;
  const calls = itemsOf(message["tool_calls"]).map(nativeCall);
  if (calls.length > 0) native["tool_calls"] = calls;
  const toolName = names.get(said(message["tool_call_id"]) ?? "");
  if (toolName !== undefined) native["tool_name"] = toolName;
  return native;
}

function imageData(part: unknown): string[] {
  const url = said(asWireObject(asWireObject(part)?.["image_url"])?.["url"]);
  const inline = readDataUrl(url ?? "");
  return inline === undefined ? [] : [inline.data];
}

function nativeCall(call: unknown): WireObject {
  const details = asWireObject(asWireObject(call)?.["function"]) ?? {};
  return { function: { name: details["name"], arguments: argumentsOf(details["arguments"]) } };
}

function argumentsOf(raw: unknown): WireObject {
  try {
    return asWireObject(typeof raw === "string" ? JSON.parse(raw) : raw) ?? {};
  } catch {
    return {};
  }
}
