import type { Model } from "../model.ts";
import { argumentsText, asWireObject, itemsOf, said, type WireObject } from "../wire.ts";
import { keptItem } from "./reasoning-items.ts";

/** A whole response as a chat completion. */
export function completionOf(response: WireObject, model: Model): WireObject {
  if (response["error"] || response["status"] === "failed") return failureOf(response);
  const output = itemsOf(response["output"]).map((item) => asWireObject(item) ?? {});
  const parts = output.filter(isOf("message")).flatMap(({ content }) => objects(content));
  const calls = output.filter(isOf("function_call")).map(callOf);
  const thoughts = output.filter(isOf("reasoning"));
  const refusal = joined(parts.filter(isOf("refusal")), "refusal");
  const reasoning = thoughts.map(thoughtOf).filter((text) => text !== "");
  const logprobs = parts.flatMap((part) => itemsOf(part["logprobs"]));
  const annotations = parts.flatMap((part) => itemsOf(part["annotations"]));
  const message = {
    role: "assistant",
    content: joined(parts.filter(isOf("output_text")), "text"),
    ...(refusal === "" ? {} : { refusal }),
    ...(reasoning.length === 0 ? {} : { reasoning_content: reasoning.join("\n\n") }),
    ...(thoughts.length === 0
      ? {}
      : { reasoning_details: thoughts.map((item, index) => keptItem(item, { index, model })) }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  const choice = {
    index: 0,
    message,
    ...(logprobs.length === 0 ? {} : { logprobs: { content: logprobs } }),
    finish_reason: finishOf(response, calls.length > 0),
  };
  return { ...aboutOf(response), object: "chat.completion", choices: [choice] };
}

/** What completions and their chunks say besides the answer. */
export const aboutOf = (response: WireObject): WireObject => ({
  id: response["id"],
  created: response["created_at"],
  model: response["model"],
  ...(said(response["service_tier"]) ? { service_tier: response["service_tier"] } : {}),
  ...(asWireObject(response["usage"]) ? { usage: usageOf(asWireObject(response["usage"])) } : {}),
});

/** The provider's own counts, at the places of Chat Completions too. */
function usageOf(usage: WireObject = {}): WireObject {
  const { input_tokens, output_tokens, input_tokens_details, output_tokens_details } = usage;
  return {
    ...usage,
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    prompt_tokens_details: input_tokens_details,
    completion_tokens_details: output_tokens_details,
  };
}

/** Why a response ended, in the words of Chat Completions; null where it did not. */
export function finishOf(response: WireObject, hasCalls: boolean): string | null {
  const { status } = response;
  if (status === "completed") return hasCalls ? "tool_calls" : "stop";
  if (status !== "incomplete") return null;
  const reason = asWireObject(response["incomplete_details"])?.["reason"];
  return reason === "content_filter" ? "content_filter" : "length";
}

/** A response that failed, as the error that it is. */
export function failureOf(response: WireObject): WireObject {
  const error = asWireObject(response["error"]);
  return { error: error ?? { message: said(response["error"]) ?? "the response failed" } };
}

/** The words of a reasoning item: its summary, or itself where the server shows that. */
export function thoughtOf({ summary, content }: WireObject): string {
  const texts = [...objects(summary), ...objects(content)].map(({ text }) => said(text) ?? "");
  return texts.filter((text) => text !== "").join("\n\n");
}

function callOf(item: WireObject): WireObject {
  const { call_id, name } = item;
  return {
    id: call_id,
    type: "function",
    function: { name, arguments: argumentsText(item["arguments"]) },
  };
}

const isOf =
  (type: string) =>
  (item: WireObject): boolean =>
    item["type"] === type;

const objects = (list: unknown): WireObject[] =>
  itemsOf(list).map((item) => asWireObject(item) ?? {});

const joined = (parts: readonly WireObject[], field: string): string =>
  parts.map((part) => said(part[field]) ?? "").join("");
