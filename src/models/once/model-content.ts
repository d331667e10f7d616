import type { BaseLanguageModelInput } from "@langchain/core/language_models/base";
import { isBaseMessage, type BaseMessage } from "@langchain/core/messages";
import { STRUCTURED } from "../structured/wish.ts";
import type { ChatModelOverrides } from "../call.ts";

/** The options of a call that change what a model answers. */
interface AskOptions {
  readonly tools?: unknown;
  readonly tool_choice?: unknown;
  readonly response_format?: unknown;
  readonly stop?: unknown;
  readonly [STRUCTURED]?: unknown;
}

/** What tells a model call from another; the messages are those of now, read only when asked for. */
export function contentOf(
  input: BaseLanguageModelInput,
  [overrides, options]: readonly [ChatModelOverrides, AskOptions],
): () => unknown {
  const messages = Array.isArray(input) ? [...input] : input;
  const { tools, tool_choice, response_format, stop, [STRUCTURED]: shape } = options;
  const said = [overrides, tools, tool_choice, response_format, stop];
  // Where no shape is wished the key stays what it was, so that answers kept before are found.
  return () => [saidIn(messages), ...said, ...(shape === undefined ? [] : [shape])];
}

function saidIn(input: BaseLanguageModelInput): unknown {
  if (typeof input === "string") return input;
  const messages = Array.isArray(input) ? input : input.toChatMessages();
  return messages.map((message) => (isBaseMessage(message) ? partsOf(message) : message));
}

/** Without the id, which a message made by the node has anew on each attempt. */
const partsOf = (message: BaseMessage): unknown => [
  message.type,
  message.content,
  "tool_calls" in message ? message.tool_calls : undefined,
  "tool_call_id" in message ? message.tool_call_id : undefined,
];
