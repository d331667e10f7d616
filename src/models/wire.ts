import { newId } from "../core/ids.ts";

/** One tool call of a delta, made regular: it has an index, and an id and name only when they are said. */
export interface ToolCallDelta {
  index: number;
  id?: string;
  type: "function";
  function: { name?: string; arguments: string };
}

/** What one chunk of a stream adds to the answer. */
export interface AnswerDelta {
  content: string;
  reasoning: string;
  toolCalls: ToolCallDelta[];
  logprobs: WireObject | undefined;
}

/** A provider's JSON object, read field by field because no two providers agree. */
export type WireObject = Record<string, unknown>;

export const asWireObject = (value: unknown): WireObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as WireObject)
    : undefined;

/** Text of a content field: a string, or parts of which the text ones count. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: unknown) => said(asWireObject(part)?.["text"]) ?? "").join("");
}

/** Reasoning text, whichever of the two common fields carries it. */
export const reasoningText = (message: WireObject): string =>
  said(message["reasoning_content"]) ?? said(message["reasoning"]) ?? "";

/** Tool arguments as JSON text, whatever form the provider gave them. */
export function argumentsText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

/** A non-empty string, else undefined. */
export const said = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** Collects one stream: regular deltas come out, and what only the end of it tells is kept. */
export class StreamReader {
  /** Our own: some servers repeat their ids, and a repeated id would overwrite a thread's message. */
  readonly messageId = newId();
  finishReason: string | undefined;
  modelName: string | undefined;
  providerId: string | undefined;
  usage: WireObject | undefined;
  chunks = 0;
  readonly #pieces: string[] = [];
  readonly #toolIds: (string | undefined)[] = [];
  readonly #toolArguments: string[] = [];
  #currentTool = -1;
  #isReindexed = false;

  /** Reads one chunk; undefined where it adds nothing to the answer. */
  read(chunk: WireObject): AnswerDelta | undefined {
    this.chunks++;
    this.modelName ??= said(chunk["model"]);
    this.providerId ??= said(chunk["id"]);
    const choices = chunk["choices"];
    const choice = asWireObject(Array.isArray(choices) ? choices[0] : undefined);
    this.usage = asWireObject(chunk["usage"]) ?? asWireObject(choice?.["usage"]) ?? this.usage;
    if (choice === undefined) return undefined;
    this.finishReason = said(choice["finish_reason"]) ?? this.finishReason;
    const delta = asWireObject(choice["delta"]) ?? asWireObject(choice["message"]);
    return delta === undefined ? undefined : this.#readDelta(delta, choice["logprobs"]);
  }

  /** All that was said so far, for an estimate. */
  get answer(): string {
    return this.#pieces.join("") + this.#toolArguments.join("");
  }

  /** Whether every tool call's arguments are whole JSON, as they must be to be run. */
  get hasWholeToolCalls(): boolean {
    return this.#toolArguments.every((text) => text.trim() === "" || isJson(text));
  }

  #readDelta(delta: WireObject, logprobs: unknown): AnswerDelta | undefined {
    const content = contentText(delta["content"]);
    const reasoning = reasoningText(delta);
    const calls = delta["tool_calls"];
    const toolCalls = Array.isArray(calls)
      ? calls.flatMap((call: unknown) => this.#readToolCall(asWireObject(call)))
      : [];
    if (content === "" && reasoning === "" && toolCalls.length === 0) return undefined;
    this.#pieces.push(content, reasoning);
    return { content, reasoning, toolCalls, logprobs: asWireObject(logprobs) };
  }

  #readToolCall(call: WireObject | undefined): ToolCallDelta[] {
    if (call === undefined) return [];
    const details = asWireObject(call["function"]) ?? {};
    const name = said(details["name"]);
    const text = argumentsText(details["arguments"]);
    const { index, id } = this.#place(call["index"], said(call["id"]));
    this.#toolArguments[index] = (this.#toolArguments[index] ?? "") + text;
    const fn = name === undefined ? { arguments: text } : { name, arguments: text };
    const base = { index, type: "function" as const, function: fn };
    return [id === undefined ? base : { ...base, id }];
  }

  /** Gives each call its own index: some servers send none, or the same one for all calls. */
  #place(wireIndex: unknown, id: string | undefined): { index: number; id?: string } {
    const known = id === undefined ? -1 : this.#toolIds.indexOf(id);
    if (known >= 0) {
      this.#currentTool = known;
      return { index: known };
    }
    const index = typeof wireIndex === "number" && !this.#isReindexed ? wireIndex : undefined;
    if (id === undefined && index === undefined && this.#currentTool >= 0)
      return { index: this.#currentTool };
    if (id === undefined && index !== undefined && this.#toolIds[index] !== undefined) {
      this.#currentTool = index;
      return { index };
    }
    const isTaken = index === undefined || this.#toolIds[index] !== undefined;
    this.#isReindexed ||= isTaken;
    this.#currentTool = isTaken ? this.#toolIds.length : index;
    const callId = id ?? `call_${newId()}`;
    this.#toolIds[this.#currentTool] = callId;
    return { index: this.#currentTool, id: callId };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
