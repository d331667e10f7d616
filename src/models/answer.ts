import { AIMessage, AIMessageChunk, type UsageMetadata } from "@langchain/core/messages";
import { makeInvalidToolCall, parseToolCall } from "@langchain/core/output_parsers/openai_tools";
import { ChatGenerationChunk, type ChatGeneration } from "@langchain/core/outputs";
import { newId } from "../core/ids.ts";
import { NO_TOKENS, readUsage, usageMetadata } from "./usage.ts";
import {
  argumentsText,
  asWireObject,
  contentText,
  reasoningText,
  said,
  type AnswerDelta,
  type StreamReader,
  type WireObject,
} from "./wire.ts";
import { reasonOf } from "../core/errors.ts";

const PROVIDER = { model_provider: "openai" };

/** LangChain's chunk for one delta. */
export function deltaChunk(
  { content, reasoning, toolCalls, logprobs }: AnswerDelta,
  id: string,
): ChatGenerationChunk {
  const message = new AIMessageChunk({
    id,
    content,
    additional_kwargs: reasoning === "" ? {} : { reasoning_content: reasoning },
    response_metadata: logprobs === undefined ? PROVIDER : { ...PROVIDER, logprobs },
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

/** The last chunk of a stream: why it ended and what it used. */
export function finalChunk(reader: StreamReader): ChatGenerationChunk {
  const message = new AIMessageChunk({
    id: reader.messageId,
    content: "",
    response_metadata: {
      ...PROVIDER,
      finish_reason: reader.finishReason,
      ...metadata(reader.modelName, reader.providerId),
    },
  });
  Object.assign(message, { usage_metadata: usageOf(reader.usage) });
  return new ChatGenerationChunk({ message, text: "" });
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

/** The generations of an answer that was not streamed. */
export function generationsOf(response: WireObject): ChatGeneration[] {
  const choices = Array.isArray(response["choices"]) ? response["choices"] : [];
  return choices.flatMap((item: unknown) => {
    const choice = asWireObject(item);
    const message = asWireObject(choice?.["message"]);
    return choice && message ? [generationOf(message, choice, response)] : [];
  });
}

function generationOf(
  message: WireObject,
  choice: WireObject,
  response: WireObject,
): ChatGeneration {
  const text = contentText(message["content"]);
  const reasoning = reasoningText(message);
  const finishReason = said(choice["finish_reason"]);
  const answer = new AIMessage({
    id: newId(),
    content: text,
    ...toolCallsOf(message),
    additional_kwargs: reasoning === "" ? {} : { reasoning_content: reasoning },
    response_metadata: {
      ...PROVIDER,
      finish_reason: finishReason,
      ...metadata(said(response["model"]), said(response["id"])),
      ...("logprobs" in choice ? { logprobs: choice["logprobs"] } : {}),
    },
  });
  Object.assign(answer, { usage_metadata: usageOf(response["usage"] ?? choice["usage"]) });
  return { text, generationInfo: { finish_reason: finishReason }, message: answer };
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
  const calls = Array.isArray(message["tool_calls"]) ? message["tool_calls"] : [];
  for (const item of calls as unknown[]) {
    const call = regularCall(asWireObject(item) ?? {});
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

function regularCall(call: WireObject): WireObject {
  const details = asWireObject(call["function"]) ?? {};
  const args = argumentsText(details["arguments"]);
  return {
    id: said(call["id"]) ?? `call_${newId()}`,
    type: "function",
    function: { name: said(details["name"]) ?? "", arguments: args.trim() === "" ? "{}" : args },
  };
}

const usageOf = (raw: unknown): UsageMetadata => usageMetadata(readUsage(raw) ?? NO_TOKENS);

const metadata = (
  modelName: string | undefined,
  providerId: string | undefined,
): Record<string, string> => ({
  ...(modelName === undefined ? {} : { model_name: modelName }),
  ...(providerId === undefined ? {} : { id: providerId }),
});
