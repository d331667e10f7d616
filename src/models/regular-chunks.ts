import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import { convertOpenAICompletionsStream } from "@langchain/openai";
import { receiptIn } from "./answer.ts";
import type { OpenAnswer } from "./open-answer.ts";
import type { AnswerDelta, StreamReader } from "./stream-reader.ts";
import { openAiUsage, readUsage, usageMetadata } from "./usage.ts";
import { firstChoice, usageOf, type WireObject } from "./wire.ts";

/** One piece of a stream: what was said, and the chunk it came in; none for what was held back. */
export interface StreamPiece {
  delta: AnswerDelta | undefined;
  chunk: WireObject | undefined;
  /** The chunk as it came. */
  text?: string | undefined;
}

/** The events of an answer, of LangChain's newer streams. */
export async function* eventsOf(answer: OpenAnswer): AsyncGenerator<ChatModelStreamEvent> {
  const events = convertOpenAICompletionsStream(regularChunks(answer), { provider: "openai" });
  yield* withWholeUsage(events, answer.reader);
}

/** Chunks as LangChain's event converter expects them: our ids, regular tool calls, one reasoning field. */
async function* regularChunks(answer: OpenAnswer): AsyncGenerator<never> {
  for (let pieces = await answer.next(); pieces; pieces = await answer.next())
    for (const { delta, chunk } of pieces) {
      const choice = chunk && firstChoice(chunk);
      yield asChunk({
        id: answer.reader.messageId,
        model: chunk?.["model"],
        usage: chunk && openAiUsage(usageOf(chunk)),
        choices: choice || delta ? [{ index: 0, ...ended(choice), delta: spoken(delta) }] : [],
      });
    }
}

const ended = (choice: WireObject | undefined): WireObject =>
  choice === undefined ? {} : { ...choice, delta: undefined, message: undefined };

const spoken = (delta: AnswerDelta | undefined): WireObject =>
  delta === undefined
    ? {}
    : {
        role: "assistant",
        content: delta.content,
        reasoning_content: delta.reasoning,
        tool_calls: delta.toolCalls,
      };

/** Providers' chunks have fields that OpenAI's own types do not know. */
const asChunk = (chunk: WireObject): never => chunk as never;

/**
 * The same events with all that we know of the usage, which LangChain's converter knows less of, and
 * with what the answer cost.
 */
async function* withWholeUsage(
  events: AsyncIterable<ChatModelStreamEvent>,
  reader: StreamReader,
): AsyncGenerator<ChatModelStreamEvent> {
  for await (const event of events) {
    const { measured } = reader;
    const counts = measured?.counts ?? readUsage(reader.usage);
    const usage = counts && { usage: usageMetadata(counts) };
    if (event.event === "usage") yield { ...event, ...usage };
    else if (event.event === "message-finish")
      yield {
        ...event,
        ...usage,
        responseMetadata: { ...event.responseMetadata, ...receiptIn(measured) },
      };
    else yield event;
  }
}
