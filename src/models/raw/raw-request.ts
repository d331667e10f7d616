import type { Body } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import { wireContent } from "../parts/wire-content.ts";
import { type CallOverrides, requestBody, withoutSchemaMarks } from "../request-body.ts";
import { detailsFor } from "../responses/reasoning-items.ts";
import { sendBackOf } from "../wire-messages.ts";
import { asWireObject, itemsOf, reasoningText, said, type WireObject } from "../wire.ts";

/** What a client asks for in the body of a chat completion, besides its messages. */
export interface RawWish {
  /** Parameters that go on to the provider. */
  readonly base: Body;
  readonly overrides: CallOverrides;
}

const REASONING_FIELDS = ["reasoning_content", "reasoning", "thinking", "reasoning_details"];

/** What of thinking a request asks for, in whichever provider's words, is said in the model's own. */
export function wishIn(body: WireObject): RawWish {
  const {
    model: _model,
    messages: _messages,
    stream: _stream,
    metadata: _metadata,
    enable_thinking: enabled,
    thinking,
    reasoning,
    reasoning_effort: effort,
    thinking_budget: budget,
    ...base
  } = body;
  const object = asWireObject(reasoning);
  const asked = said(effort) ?? said(object?.["effort"]);
  const type = asWireObject(thinking)?.["type"];
  const off = [enabled === false, type === "disabled", object?.["enabled"] === false];
  const on = [enabled === true, type === "enabled", object?.["enabled"] === true];
  const wish: CallOverrides = {
    ...(off.includes(true) || asked === "none" ? { noThink: true } : {}),
    ...(on.includes(true) ? { noThink: false } : {}),
    ...(asked === undefined || asked === "none" ? {} : { thinkingEffort: asked }),
    ...(typeof budget === "number" ? { thinkingBudget: budget } : {}),
  };
  return { base, overrides: wish };
}

/** The body for the provider, all but its messages: the client's parameters under the model's rules. */
export function rawBody(model: Model, { base, overrides }: RawWish, isStreamed: boolean): Body {
  const { max_tokens, max_completion_tokens, stream_options, ...rest } = base;
  const options = asWireObject(stream_options);
  const limit = max_completion_tokens ?? max_tokens;
  return requestBody(model, {
    base: withoutSchemaMarks({
      ...rest,
      model: model.modelName,
      ...(isStreamed ? { stream_options: { ...options, include_usage: true } } : {}),
    }),
    overrides,
    options: typeof limit === "number" ? { max_tokens: limit } : {},
    isStreamed,
    isRaw: true,
  });
}

/** The client's messages as this provider takes them; all that is not its business stays as it is. */
export async function rawMessages(
  messages: readonly WireObject[],
  model: Model,
  signal: AbortSignal,
): Promise<WireObject[]> {
  const wired: WireObject[] = [];
  for (const message of messages) {
    const { content } = message;
    const isList = Array.isArray(content);
    wired.push({
      ...(message["role"] === "assistant" ? answered(message, model) : message),
      ...roleOf(message, model),
      ...(isList ? { content: await wireContent(content, model, { signal }) } : {}),
    });
  }
  return wired;
}

function roleOf({ role }: WireObject, model: Model): WireObject {
  if (role !== "system" && role !== "developer") return {};
  return { role: model.dialect.systemRole?.(model.modelName) ?? "system" };
}

/** An earlier answer, with its thinking where the provider wants that back and without it elsewhere. */
function answered(message: WireObject, model: Model): WireObject {
  const { when, field, needsEmpty } = sendBackOf(model);
  const plain = Object.fromEntries(
    Object.entries(message).filter(([key]) => !REASONING_FIELDS.includes(key)),
  );
  const hasCalls = itemsOf(message["tool_calls"]).length > 0;
  if (when === "never" || (when === "tools" && !hasCalls)) return plain;
  const details = detailsFor(model, message["reasoning_details"]);
  if (field === "reasoning_details" && details.length > 0) return { ...plain, [field]: details };
  const text = reasoningText(message);
  const isSent = text !== "" || (needsEmpty && hasCalls);
  return isSent ? { ...plain, [field === "reasoning_details" ? "reasoning" : field]: text } : plain;
}
