import { newId } from "../../core/ids.ts";
import type { OpenAnswer } from "../open-answer.ts";
import type { StreamPiece } from "../regular-chunks.ts";
import type { AnswerDelta } from "../stream-reader.ts";
import { openAiCounts } from "../usage.ts";
import { asWireObject, firstChoice, itemsOf, said, type WireObject } from "../wire.ts";

const OBJECT = "chat.completion.chunk";

const SILENCE: AnswerDelta = {
  content: "",
  reasoning: "",
  toolCalls: [],
  functionCall: undefined,
  refusal: "",
  logprobs: undefined,
};

/**
 * A provider's stream as strict clients take it: id, object, time and model in each chunk, the role
 * first, one finish reason, usage only where it is wanted. A chunk that is so already goes on as it
 * came.
 */
export class RawChunks {
  readonly #answer: OpenAnswer;
  readonly #wantsUsage: boolean;
  #id: string | undefined;
  readonly #created: number;
  #hasSpoken = false;
  /** Choices of an answer with several that have ended. */
  readonly #ended = new Set<unknown>();

  constructor(answer: OpenAnswer, { wantsUsage }: { wantsUsage: boolean }) {
    this.#answer = answer;
    this.#wantsUsage = wantsUsage;
    this.#created = Math.floor(answer.model.clock.now() / 1000);
  }

  /** The JSON texts of the chunks, as many at once as have come. */
  async *texts(): AsyncGenerator<string[], void> {
    await using answer = this.#answer;
    for (let pieces = await answer.next(); pieces; pieces = await answer.next()) {
      const texts = pieces.flatMap((piece) => this.#piece(piece));
      if (texts.length > 0) yield texts;
    }
    yield this.#end();
  }

  #piece(piece: StreamPiece): string[] {
    const { chunk } = piece;
    this.#id ??= said(chunk?.["id"]) ?? `chatcmpl-${newId()}`;
    if (chunk && itemsOf(chunk["choices"]).length > 1) return this.#others(chunk);
    const choice = chunk && firstChoice(chunk);
    if (chunk && choice === undefined) return this.#others(chunk);
    return this.#first(piece, choice);
  }

  /** A chunk of the first answer, mostly the only one. */
  #first({ delta, chunk = {}, text }: StreamPiece, choice: WireObject | undefined): string[] {
    const details = itemsOf(asWireObject(choice?.["delta"])?.["reasoning_details"]);
    const said = delta ?? (details.length > 0 ? SILENCE : undefined);
    if (said === undefined) return [];
    if (text !== undefined && choice && this.#isRegular({ chunk, choice, delta: said }))
      return [text];
    return [this.#text(chunk, { index: 0, ...this.#spoken(said, details) })];
  }

  /** Whether a chunk may go on as it came. */
  #isRegular(came: { chunk: WireObject; choice: WireObject; delta: AnswerDelta }): boolean {
    const { chunk, choice, delta } = came;
    const raw = asWireObject(choice["delta"]) ?? {};
    const isWhole =
      chunk["object"] === OBJECT &&
      chunk["id"] === this.#id &&
      typeof chunk["created"] === "number" &&
      typeof chunk["model"] === "string" &&
      choice["index"] === 0;
    const isOpen = !choice["finish_reason"] && !chunk["usage"] && this.#hasSpoken;
    return (
      isWhole &&
      isOpen &&
      delta.toolCalls.length === 0 &&
      (raw["content"] ?? "") === delta.content &&
      (raw["reasoning_content"] ?? "") === delta.reasoning &&
      !("reasoning" in raw)
    );
  }

  #spoken(
    { content, reasoning, toolCalls, functionCall, refusal, logprobs }: AnswerDelta,
    details: readonly unknown[],
  ) {
    const isOther = reasoning !== "" || toolCalls.length > 0 || details.length > 0;
    const role = this.#hasSpoken ? {} : { role: "assistant" };
    this.#hasSpoken = true;
    const delta = {
      ...role,
      ...(content === "" && isOther ? {} : { content }),
      ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
      ...(details.length === 0 ? {} : { reasoning_details: details }),
      ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
      ...(functionCall === undefined ? {} : { function_call: functionCall }),
      ...(refusal === "" ? {} : { refusal }),
    };
    return { delta, logprobs: logprobs ?? null, finish_reason: null };
  }

  /** Chunks of answers after the first, where a client asked for several. */
  #others(chunk: WireObject): string[] {
    const choices = itemsOf(chunk["choices"]).flatMap((item) => {
      const choice = asWireObject(item);
      if (!choice || this.#ended.has(choice["index"])) return [];
      if (said(choice["finish_reason"])) this.#ended.add(choice["index"]);
      return [choice];
    });
    return choices.map((choice) => this.#text(chunk, choice));
  }

  #end(): string[] {
    const { finishReason, toolCalls, usage, measured } = this.#answer.reader;
    const start = this.#hasSpoken ? {} : { role: "assistant", content: "" };
    const finish_reason = finishReason ?? (toolCalls.calls.length > 0 ? "tool_calls" : "stop");
    const last = { index: 0, delta: start, logprobs: null, finish_reason };
    const texts = this.#ended.has(0) ? [] : [this.#text({}, last)];
    if (!this.#wantsUsage) return texts;
    const counts = { ...usage, ...(measured && openAiCounts(measured.counts)) };
    return [...texts, JSON.stringify({ ...this.#about({}), choices: [], usage: counts })];
  }

  #text(chunk: WireObject, choice: WireObject): string {
    return JSON.stringify({ ...this.#about(chunk), choices: [choice] });
  }

  #about(chunk: WireObject): WireObject {
    const { choices: _, usage: __, ...rest } = chunk;
    return {
      ...rest,
      id: this.#id,
      object: OBJECT,
      created: chunk["created"] ?? this.#created,
      model: said(chunk["model"]) ?? this.#answer.reader.modelName ?? this.#answer.model.modelName,
    };
  }
}
