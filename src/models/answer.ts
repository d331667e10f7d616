import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import { AIMessage, type UsageMetadata } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatGeneration } from "@langchain/core/outputs";
import { randomId } from "../core/ids.ts";
import type { Measured } from "./call-meter.ts";
import { AIMessageChunk, asWholeMessage, readCalls, type CallText } from "./message-chunk.ts";
import type { OpenAnswer } from "./open-answer.ts";
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
function deltaChunk(delta: AnswerDelta, reader: StreamReader): ChatGenerationChunk {
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

/** The last chunk of a stream: why it ended and what it used. */
function finalChunk(reader: StreamReader, extra: Metadata): ChatGenerationChunk {
  const details = reader.reasoningDetails.whole;
  const message = new AIMessageChunk({
    id: reader.messageId,
    content: "",
    additional_kwargs: details === undefined ? {} : { reasoning_details: details },
    response_metadata: {
      ...shapeOf(reader.hasReasoned),
      finish_reason: reader.finishReason,
      ...metadata(reader.modelName, reader.providerId),
      ...reader.service,
      ...receiptIn(reader.measured),
      ...extra,
    },
  });
  const counts = reader.measured?.counts ?? readUsage(reader.usage) ?? NO_TOKENS;
  Object.assign(message, { usage_metadata: usageMetadata(counts) });
  return new ChatGenerationChunk({ message, text: "" });
}

/** The chunks of an answer as they come, each told to the run's callbacks too. */
export async function* chunksOf(
  answer: OpenAnswer,
  { runManager, signal }: ChunkOptions = {},
): AsyncGenerator<ChatGenerationChunk> {
  for (let pieces = await answer.next(); pieces; pieces = await answer.next())
    for (const { delta } of pieces) {
      if (delta === undefined) continue;
      signal?.throwIfAborted();
      const chunk = deltaChunk(delta, answer.reader);
      yield chunk;
      await announce(runManager, chunk);
    }
  const last = finalChunk(answer.reader, { model_id: answer.model.id });
  yield last;
  await announce(runManager, last);
}

export interface ChunkOptions {
  readonly runManager?: CallbackManagerForLLMRun | undefined;
  readonly signal?: AbortSignal | undefined;
}

async function announce(
  runManager: CallbackManagerForLLMRun | undefined,
  chunk: ChatGenerationChunk,
): Promise<void> {
  const index = { prompt: 0, completion: 0 };
  await runManager?.handleLLMNewToken(chunk.text, index, undefined, undefined, undefined, {
    chunk,
  });
}

/** A streamed answer put together for a caller who did not ask for a stream. */
export async function wholeAnswer(answer: OpenAnswer): Promise<ChatGeneration | undefined> {
  let whole: ChatGenerationChunk | undefined;
  for await (const chunk of chunksOf(answer)) whole = whole?.concat(chunk) ?? chunk;
  if (whole === undefined) return undefined;
  const { message, text } = whole;
  return { text, message: AIMessageChunk.isInstance(message) ? asWholeMessage(message) : message };
}

/**
 * The generations of an answer that was not streamed; with n > 1 they are several, of which the first
 * tells what all of them used.
 */
export function generationsOf(
  response: WireObject,
  { rules, extra, measured }: { rules: ReadingRules; extra: Metadata; measured: Measured },
): ChatGeneration[] {
  return itemsOf(response["choices"]).flatMap((item, index) => {
    const choice = asWireObject(item);
    const message = asWireObject(choice?.["message"]);
    const answered = { response, rules, extra, ...(index === 0 ? { measured } : {}) };
    return choice && message ? [generationOf(message, { choice, ...answered })] : [];
  });
}

/** All that an answer says, for an estimate. */
export const spokenIn = (response: WireObject): string =>
  itemsOf(response["choices"])
    .map((choice) => {
      const { content, tool_calls, ...rest } =
        asWireObject(asWireObject(choice)?.["message"]) ?? {};
      const calls = itemsOf(tool_calls);
      const called = calls.length === 0 ? "" : JSON.stringify(calls);
      return contentText(content) + reasoningText(rest) + called;
    })
    .join("");

interface Answered {
  choice: WireObject;
  response: WireObject;
  rules: ReadingRules;
  extra: Metadata;
  measured?: Measured;
}

function generationOf(message: WireObject, answered: Answered): ChatGeneration {
  const { choice, response, rules, extra, measured } = answered;
  const finishReason = said(choice["finish_reason"]);
  const { content: text, reasoning } = textsOf(message, rules, finishReason);
  const details = itemsOf(message["reasoning_details"]);
  const answer = new AIMessage({
    id: randomId(),
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
      ...receiptIn(measured),
      ...extra,
    },
    ...(measured === undefined ? {} : usageField(usageMetadata(measured.counts))),
  });
  return { text, generationInfo: { finish_reason: finishReason }, message: answer };
}

/** Answer and reasoning of a whole message, by its fields and else by its tags. */
export function textsOf(
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

function toolCallsOf(message: WireObject): {
  tool_calls: NonNullable<AIMessage["tool_calls"]>;
  invalid_tool_calls: NonNullable<AIMessage["invalid_tool_calls"]>;
} {
  const ids = new Set<string>();
  const calls = itemsOf(message["tool_calls"]).map((item) =>
    regularCall(asWireObject(item) ?? {}, ids),
  );
  const { valid, invalid } = readCalls(calls);
  return { tool_calls: valid, invalid_tool_calls: invalid };
}

/** With an id of its own, which no other call of the message has. */
function regularCall(call: WireObject, ids: Set<string>): CallText {
  const details = asWireObject(call["function"]) ?? {};
  const args = argumentsText(details["arguments"]);
  const given = said(call["id"]);
  const id = given === undefined || ids.has(given) ? `call_${randomId()}` : given;
  ids.add(id);
  return { id, name: said(details["name"]) ?? "", args };
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

/** The default types of LangChain's messages know no usage; one set later is lost when they are stored. */
const usageField = (counts: UsageMetadata): object => ({ usage_metadata: counts });

/** The place in `response_metadata` that tells what the answer cost. */
export const receiptIn = (measured: Measured | undefined): Metadata =>
  measured === undefined ? {} : { kagari: measured.receipt };

const metadata = (
  modelName: string | undefined,
  providerId: string | undefined,
): Record<string, string> => ({
  ...(modelName === undefined ? {} : { model_name: modelName }),
  ...(providerId === undefined ? {} : { id: providerId }),
});
