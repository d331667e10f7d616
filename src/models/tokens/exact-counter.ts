import { reasonOf } from "../../core/errors.ts";
import type { Body } from "../dialects/index.ts";
import type { Countable } from "../estimate.ts";
import type { Model } from "../model.ts";
import { transportOf, type Transport } from "../transport.ts";
import { asWireObject, contentText, itemsOf } from "../wire.ts";
import { warnOnce } from "../warn-once.ts";

const TOKENS_PER_MESSAGE = 4;
const SERVER_MS = 5000;

/** Counts the tokens of a text exactly. */
type Count = (text: string) => number | Promise<number>;

/** One counter for each configured model, gone with the registry it came from. */
const counters = new WeakMap<Model, ExactCounter>();

/**
 * The tokens of a prompt by the model's own vocabulary, where its file names one with `tokenizer`; what
 * that needs is loaded with the first prompt. Undefined where the estimate has to do.
 */
export async function exactTokens(
  model: Model,
  messages: readonly Countable[],
  body: Body,
): Promise<number | undefined> {
  const { tokenizer = "heuristic" } = model.fields;
  if (tokenizer === "heuristic") return undefined;
  const counter = counters.get(model) ?? new ExactCounter(model);
  counters.set(model, counter);
  try {
    const text = [...messages.map(wordsOf), ...toolsOf(body)].join("\n");
    return (await counter.count(text, tokenizer)) + messages.length * TOKENS_PER_MESSAGE;
  } catch (error) {
    warnOnce(
      model,
      `tokenizer ${tokenizer} cannot count, so prompts are estimated: ${reasonOf(error)}`,
    );
    return undefined;
  }
}

class ExactCounter {
  readonly #model: Model;
  readonly #send: Transport;
  #count: Promise<Count> | undefined;

  constructor(model: Model) {
    this.#model = model;
    this.#send = transportOf(model);
  }

  async count(text: string, tokenizer: string): Promise<number> {
    this.#count ??= this.#load(tokenizer);
    const count = await this.#count;
    return await count(text);
  }

  async #load(tokenizer: string): Promise<Count> {
    if (tokenizer === "server") return (text) => this.#askServer(text);
    const { Tiktoken } = await import("js-tiktoken/lite");
    const { default: ranks } =
      tokenizer === "o200k"
        ? await import("js-tiktoken/ranks/o200k_base")
        : await import("js-tiktoken/ranks/cl100k_base");
    const encoder = new Tiktoken(ranks);
    // Marks such as <|im_start|> in a text are text.
    return (text) => encoder.encode(withBreaks(text), [], []).length;
  }

  /** llama.cpp and vLLM count for whoever asks; each takes the other's field for granted. */
  async #askServer(text: string): Promise<number> {
    const url = new URL("/tokenize", this.#model.fields.url);
    const response = await this.#send(url.href, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: this.#model.modelName, prompt: text, content: text }),
      signal: AbortSignal.timeout(SERVER_MS),
    });
    const answer = asWireObject(await response.json());
    const { count, tokens } = answer ?? {};
    if (typeof count === "number" && count >= 0) return count;
    if (Array.isArray(tokens)) return tokens.length;
    throw new Error(`/tokenize answered ${response.status} without a count`);
  }
}

/** Merging takes the square of a run's length: endless ones are broken, at a token or so each. */
const withBreaks = (text: string): string =>
  text.replaceAll(/\S{200}(?=\S)/g, "$&\n").replaceAll(/\s{200}(?=\s)/g, "$&.");

const wordsOf = ({ content, tool_calls }: Countable): string => {
  const calls = itemsOf(tool_calls);
  return contentText(content) + (calls.length === 0 ? "" : JSON.stringify(calls));
};

const toolsOf = (body: Body): string[] =>
  [...itemsOf(body["tools"]), ...itemsOf(body["functions"])].map((tool) => JSON.stringify(tool));
