import { AIMessage, AIMessageChunk, type UsageMetadata } from "@langchain/core/messages";
import { makeInvalidToolCall, parseToolCall } from "@langchain/core/output_parsers/openai_tools";
import { ChatGenerationChunk, type ChatGeneration } from "@langchain/core/outputs";
import { newId } from "../core/ids.ts";
import { reasonOf } from "../core/errors.ts";
import type { ReadingRules } from "./reading-rules.ts";
import type { AnswerDelta, StreamReader } from "./stream-reader.ts";
import { splitThinking } from "./think/think-parser.ts";
import { NO_TOKENS, readUsage, usageMetadata } from "./usage.ts";
import {
  argumentsText,
  asWireObject,
  contentText,
  itemsOf,
  reasoningText,
  said,
  serviceOf,
  usageOf,
  type WireObject,
} from "./wire.ts";

/** More that a message shall say of its call in `response_metadata`. */
export type Metadata = Readonly<Record<string, unknown>>;

/**
 * The family of fields that a message has, by which LangChain makes its content blocks: OpenAI's
 * knows no reasoning, DeepSeek's has `reasoning_content`.
 */
const shapeOf = (hasReasoned: boolean) => ({
  model_provider: hasReasoned ? "deepseek" : "openai",
});

/** LangChain's chunk for one delta. */
export function deltaChunk(delta: AnswerDelta, reader: StreamReader): ChatGenerationChunk {
  const { content, reasoning, toolCalls, functionCall, refusal, logprobs } = delta;
  const shape = shapeOf(reader.hasReasoned);
  const message = new AIMessageChunk({
    id: reader.messageId,
    content,
    additional_kwargs: {
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
      ...(functionCall === undefined ? {} : { function_call: asFunctionCall(functionCall) }),
      ...(refusal === "" ? {} : { refusal }),
    },
    response_metadata: logprobs === undefined ? shape : { ...shape, logprobs },
    tool_call_chunks: toolCalls.map(
      ({ index, id: callId, function: { name, arguments: args } }) => ({
        type: "tool_call_chunk" as const,
        index,
        args,
        ...(callId === undefined ? {} : { id: callId }),
        ...(name === undefined ? {} : { name }),
      }),
    ),
  });
  return new ChatGenerationChunk({ message, text: content });
}

/** The last chunk of a stream: what was held back, why it ended and what it used. */
export function finalChunk(
  reader: StreamReader,
  { rest, extra = {} }: { rest?: AnswerDelta | undefined; extra?: Metadata } = {},
): ChatGenerationChunk {
  const details = reader.reasoningDetails.whole;
  const message = new AIMessageChunk({
    id: reader.messageId,
    content: rest?.content ?? "",
    additional_kwargs: {
      ...(rest === undefined || rest.reasoning === "" ? {} : { reasoning_content: rest.reasoning }),
      ...(details === undefined ? {} : { reasoning_details: details }),
    },
    response_metadata: {
      ...shapeOf(reader.hasReasoned),
      finish_reason: reader.finishReason,
      ...metadata(reader.modelName, reader.providerId),
      ...reader.service,
      ...extra,
    },
  });
  Object.assign(message, { usage_metadata: countsOf(reader.usage) });
  return new ChatGenerationChunk({ message, text: rest?.content ?? "" });
}

/** A streamed answer put together for a caller who did not ask for a stream. */
export function wholeMessage(chunk: ChatGenerationChunk): ChatGeneration {
  const { message } = chunk;
  if (!AIMessageChunk.isInstance(message)) return { text: chunk.text, message };
  const { id, content, tool_calls, invalid_tool_calls, additional_kwargs, response_metadata } =
    message;
  const whole = new AIMessage({
    ...(id === undefined ? {} : { id }),
    content,
    tool_calls: tool_calls ?? [],
    invalid_tool_calls: invalid_tool_calls ?? [],
    additional_kwargs,
    response_metadata,
  });
  Object.assign(whole, { usage_metadata: message.usage_metadata ?? usageMetadata(NO_TOKENS) });
  return { text: chunk.text, message: whole };
}

/** The generations of an answer that was not streamed; with n > 1 they are several. */
export function generationsOf(
  response: WireObject,
  { rules, extra = {} }: { rules: ReadingRules; extra?: Metadata },
): ChatGeneration[] {
  return itemsOf(response["choices"]).flatMap((item) => {
    const choice = asWireObject(item);
    const message = asWireObject(choice?.["message"]);
    return choice && message ? [generationOf(message, { choice, response, rules, extra })] : [];
  });
}

interface Answered {
  choice: WireObject;
  response: WireObject;
  rules: ReadingRules;
  extra: Metadata;
}

function generationOf(message: WireObject, answered: Answered): ChatGeneration {
  const { choice, response, rules, extra } = answered;
  const finishReason = said(choice["finish_reason"]);
  const { content: text, reasoning } = textsOf(message, rules, finishReason);
  const details = itemsOf(message["reasoning_details"]);
  const answer = new AIMessage({
    id: newId(),
    content: text,
    ...toolCallsOf(message),
    additional_kwargs: {
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
      ...(details.length === 0 ? {} : { reasoning_details: details }),
      ...functionCallOf(message["function_call"]),
      ...(said(message["refusal"]) === undefined ? {} : { refusal: message["refusal"] }),
    },
    response_metadata: {
      ...shapeOf(reasoning !== ""),
      finish_reason: finishReason,
      ...metadata(said(response["model"]), said(response["id"])),
      ...serviceOf(response),
      ...("logprobs" in choice ? { logprobs: choice["logprobs"] } : {}),
      ...extra,
    },
  });
  Object.assign(answer, { usage_metadata: countsOf(usageOf(response)) });
  return { text, generationInfo: { finish_reason: finishReason }, message: answer };
}

/** Answer and reasoning of a whole message, by its fields and else by its tags. */
function textsOf(
  message: WireObject,
  { tags, isGuess, mayClose, field }: ReadingRules,
  finishReason: string | undefined,
): { content: string; reasoning: string } {
  const content = contentText(message["content"]);
  const reasoning = reasoningText(message, field);
  if (reasoning !== "" || tags === "off") return { content, reasoning };
  const isOpen = tags === "open" && !(isGuess && finishReason !== "length");
  return splitThinking(content, { isOpen, mayClose });
}

interface ToolCalls {
  tool_calls: NonNullable<AIMessage["tool_calls"]>;
  invalid_tool_calls: NonNullable<AIMessage["invalid_tool_calls"]>;
}

function toolCallsOf(message: WireObject): ToolCalls {
  const { tool_calls: valid, invalid_tool_calls: invalid }: ToolCalls = {
    tool_calls: [],
    invalid_tool_calls: [],
  };
  const ids = new Set<string>();
  for (const item of itemsOf(message["tool_calls"])) {
    const call = regularCall(asWireObject(item) ?? {}, ids);
    try {
      const parsed = parseToolCall(call, { returnId: true });
      valid.push({ ...parsed, type: "tool_call" });
    } catch (error) {
      invalid.push({
        ...makeInvalidToolCall(call, reasonOf(error)),
        type: "invalid_tool_call",
      });
    }
  }
  return { tool_calls: valid, invalid_tool_calls: invalid };
}

/** With an id of its own, which no other call of the message has. */
function regularCall(call: WireObject, ids: Set<string>): WireObject {
  const details = asWireObject(call["function"]) ?? {};
  const args = argumentsText(details["arguments"]);
  const given = said(call["id"]);
  const id = given === undefined || ids.has(given) ? `call_${newId()}` : given;
  ids.add(id);
  return {
    id,
    type: "function",
    function: { name: said(details["name"]) ?? "", arguments: args.trim() === "" ? "{}" : args },
  };
}

/** The old way of one call, where a caller offered `functions`. */
function functionCallOf(raw: unknown): {
  function_call?: { name: string; arguments: string };
} {
  const call = asWireObject(raw);
  const name = said(call?.["name"]);
  if (name === undefined) return {};
  return { function_call: { name, arguments: argumentsText(call?.["arguments"]) } };
}

/** LangChain joins the pieces of a function call, of which only the first has the name. */
const asFunctionCall = (piece: { name?: string; arguments: string }) =>
  piece as { name: string; arguments: string };

const countsOf = (raw: unknown): UsageMetadata => usageMetadata(readUsage(raw) ?? NO_TOKENS);

const metadata = (
  modelName: string | undefined,
  providerId: string | undefined,
): Record<string, string> => ({
  ...(modelName === undefined ? {} : { model_name: modelName }),
  ...(providerId === undefined ? {} : { id: providerId }),
});
