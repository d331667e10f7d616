import type { ChatGeneration } from "@langchain/core/outputs";
import { AIMessage } from "@langchain/core/messages";
import type { UpstreamKind } from "../core/errors.ts";
import { malformedAnswer } from "./failures/upstream-error.ts";
import type { Model } from "./model.ts";
import type { StreamReader } from "./stream-reader.ts";

/** Throws for a stream that ended without being a whole answer. */
export function requireWhole(reader: StreamReader, model: Model): void {
  const { finishReason, toolCalls } = reader;
  if (reader.chunks === 0) throw malformedAnswer(model, "sent an empty stream");
  if (finishReason === undefined)
    throw malformedAnswer(model, "broke off in the middle of its answer");
  const isEmpty = reader.answer === "" && toolCalls.calls.length === 0;
  requireUsable(model, { finishReason, isEmpty, hasCutCall: !toolCalls.isWhole });
}

/** The same for each answer of a response that was not streamed; throws where there is none. */
export function requireAnswers(generations: readonly ChatGeneration[], model: Model): void {
  if (generations.length === 0) throw malformedAnswer(model, "sent an answer without a message");
  for (const { message, text } of generations) {
    if (!AIMessage.isInstance(message)) continue;
    const { invalid_tool_calls: invalid = [], tool_calls: calls = [] } = message;
    const { additional_kwargs: extra, response_metadata: metadata } = message;
    const said = [...calls, ...invalid, ...Object.keys(extra)];
    requireUsable(model, {
      finishReason: metadata["finish_reason"],
      isEmpty: text === "" && said.length === 0,
      hasCutCall: invalid.length > 0,
    });
  }
}

interface Ending {
  readonly finishReason: unknown;
  readonly isEmpty: boolean;
  readonly hasCutCall: boolean;
}

function requireUsable(model: Model, { finishReason, isEmpty, hasCutCall }: Ending): void {
  if (typeof finishReason !== "string") return;
  const kinds: Readonly<Record<string, UpstreamKind>> = {
    content_filter: "content",
    ...model.dialect.finishKinds,
  };
  const kind = kinds[finishReason];
  if (kind === "server" || (kind !== undefined && isEmpty))
    throw malformedAnswer(model, `ended its answer with ${finishReason}`, {
      kind,
      retryable: kind === "server",
    });
  if (finishReason === "length" && hasCutCall)
    throw malformedAnswer(
      model,
      "was cut at its token limit in the middle of a tool call: raise out_tokens or max_tokens",
      { kind: "cut", retryable: false },
    );
}
