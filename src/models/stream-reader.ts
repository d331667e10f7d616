import { randomId } from "../core/ids.ts";
import type { Measured } from "./call-meter.ts";
import type { ReadingRules } from "./reading-rules.ts";
import { ReasoningDetails } from "./reasoning-details.ts";
import { ThinkParser } from "./think/think-parser.ts";
import { ToolCallReader, type ToolCallDelta } from "./tool-call-reader.ts";
import {
  argumentsText,
  asWireObject,
  contentText,
  firstChoice,
  itemsOf,
  reasoningText,
  said,
  serviceOf,
  usageOf,
  type WireObject,
} from "./wire.ts";

/** A call of the old `functions`, as far as one chunk tells it. */
export interface FunctionCallDelta {
  name?: string;
  arguments: string;
}

/** What one chunk of a stream adds to the answer. */
export interface AnswerDelta {
  content: string;
  reasoning: string;
  toolCalls: ToolCallDelta[];
  functionCall: FunctionCallDelta | undefined;
  /** The words of a model that declines, which OpenAI keeps apart from the answer. */
  refusal: string;
  logprobs: WireObject | undefined;
}

/** Collects one stream: regular deltas come out, and what only the end of it tells is kept. */
export class StreamReader {
  /** Our own: some servers repeat their ids, and a repeated id would overwrite a thread's message. */
  readonly messageId = randomId();
  readonly toolCalls = new ToolCallReader();
  readonly reasoningDetails = new ReasoningDetails();
  finishReason: string | undefined;
  modelName: string | undefined;
  providerId: string | undefined;
  /** What the provider says of how it served the call. */
  service: WireObject | undefined;
  usage: WireObject | undefined;
  /** What the whole answer used and costs, once it has ended. */
  measured: Measured | undefined;
  chunks = 0;
  hasReasoned = false;
  readonly #rules: ReadingRules;
  readonly #pieces: string[] = [];
  #think: ThinkParser | undefined;
  /** All that was taken for thinking by a guess, in case it was the answer. */
  readonly #guessed: string[] = [];

  constructor(rules: ReadingRules) {
    this.#rules = rules;
    this.#think =
      rules.tags === "off" ? undefined : new ThinkParser({ isOpen: rules.tags === "open" });
  }

  /** Reads one chunk; undefined where it adds nothing to the answer. */
  read(chunk: WireObject): AnswerDelta | undefined {
    this.chunks++;
    this.modelName ??= said(chunk["model"]);
    this.providerId ??= said(chunk["id"]);
    this.service ??= serviceOf(chunk);
    const choice = firstChoice(chunk);
    this.usage = usageOf(chunk, choice) ?? this.usage;
    if (choice === undefined) return undefined;
    this.finishReason = said(choice["finish_reason"]) ?? this.finishReason;
    const delta = asWireObject(choice["delta"]) ?? asWireObject(choice["message"]);
    return delta === undefined ? undefined : this.#readDelta(delta, choice["logprobs"]);
  }

  /** What was held back until the end; undefined where nothing was. */
  end(): AnswerDelta | undefined {
    const parser = this.#think;
    this.#think = undefined;
    if (parser === undefined) return undefined;
    const wasGuess = this.#rules.isGuess && parser.isThinking && this.finishReason !== "length";
    const { content, reasoning } = parser.end();
    if (wasGuess) return this.#said({ content: this.#guessed.join("") + reasoning });
    return this.#said({ content, reasoning });
  }

  /** All that was said so far, for an estimate. */
  get answer(): string {
    const spoken = this.toolCalls.calls.map((call) => call.arguments);
    return this.#pieces.join("") + spoken.join("");
  }

  #readDelta(delta: WireObject, logprobs: unknown): AnswerDelta | undefined {
    const inField = reasoningText(delta, this.#rules.field);
    const { content, reasoning } = this.#split(contentText(delta["content"]), inField);
    this.reasoningDetails.read(delta["reasoning_details"]);
    const calls = itemsOf(delta["tool_calls"]);
    const toolCalls = calls.length === 0 ? [] : calls.flatMap((call) => this.toolCalls.read(call));
    return this.#said({
      content,
      reasoning,
      toolCalls,
      functionCall: functionCallOf(delta["function_call"]),
      refusal: said(delta["refusal"]) ?? "",
      logprobs: asWireObject(logprobs),
    });
  }

  #split(text: string, inField: string): { content: string; reasoning: string } {
    // A server that fills the field has taken the tags out itself.
    if (inField !== "" && this.#think !== undefined) {
      const held = this.#think.end();
      this.#think = undefined;
      return { content: held.content + text, reasoning: held.reasoning + inField };
    }
    if (this.#think === undefined || text === "") return { content: text, reasoning: inField };
    const split = this.#think.push(text);
    if (this.#think.isDone) this.#think = undefined;
    else if (this.#rules.isGuess) this.#guessed.push(split.reasoning);
    return split;
  }

  #said(part: Partial<AnswerDelta>): AnswerDelta | undefined {
    const { content = "", reasoning = "", refusal = "", toolCalls = [] } = part;
    const { functionCall, logprobs } = part;
    const text = content + reasoning + refusal;
    const isEmpty = text === "" && toolCalls.length === 0 && functionCall === undefined;
    if (isEmpty && !hasTokens(logprobs)) return undefined;
    this.hasReasoned ||= reasoning !== "";
    this.#pieces.push(text, functionCall?.arguments ?? "");
    return { content, reasoning, toolCalls, functionCall, refusal, logprobs };
  }
}

/** Text that is held back still has its log probabilities now. */
const hasTokens = (logprobs: WireObject | undefined): boolean =>
  itemsOf(logprobs?.["content"]).length > 0;

function functionCallOf(raw: unknown): FunctionCallDelta | undefined {
  const call = asWireObject(raw);
  if (call === undefined) return undefined;
  const name = said(call["name"]);
  const text = argumentsText(call["arguments"]);
  return name === undefined ? { arguments: text } : { name, arguments: text };
}
