import { isOff } from "./dialects/strategies.ts";
import type { Model } from "./model.ts";
import { wishOf, type CallOverrides } from "./request-body.ts";
import { asWireObject, itemsOf, type WireObject } from "./wire.ts";

/**
 * The messages with the words by which the first Qwen3 models switch thinking, in the last question;
 * only where the model file says `thinking.strategy: "soft_switch"`.
 */
export function softSwitched(
  messages: WireObject[],
  model: Model,
  overrides: CallOverrides,
): WireObject[] {
  if (model.fields.thinking?.strategy !== "soft_switch") return messages;
  const off = isOff(wishOf(model, overrides));
  if (off === undefined) return messages;
  const at = messages.findLastIndex(({ role }) => role === "user");
  const word = off ? " /no_think" : " /think";
  return messages.map((message, index) =>
    index === at ? { ...message, content: withWord(message["content"], word) } : message,
  );
}

function withWord(content: unknown, word: string): unknown {
  if (typeof content === "string") return content + word;
  const parts = itemsOf(content);
  const last = parts.findLastIndex((part) => asWireObject(part)?.["type"] === "text");
  if (last < 0) return [...parts, { type: "text", text: word.trim() }];
  return parts.map((part, index) => {
    const text = asWireObject(part);
    return index === last ? { ...text, text: `${String(text?.["text"])}${word}` } : part;
  });
}
