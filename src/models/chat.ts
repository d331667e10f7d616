import type {
  BaseLanguageModelInput,
  StructuredOutputMethodOptions,
} from "@langchain/core/language_models/base";
import type { ModelProfile } from "@langchain/core/language_models/profile";
import { AIMessageChunk, type BaseMessage, type MessageContent } from "@langchain/core/messages";
import type { Runnable, RunnableConfig } from "@langchain/core/runnables";
import { ChatOpenAI, type ChatOpenAICallOptions } from "@langchain/openai";
import { asConfig, resolveCall, type ChatModelOverrides } from "./call.ts";
import { CALL, RoutedCompletions, UNUSED_CLIENT } from "./routed-completions.ts";
import { estimateContent } from "./estimate.ts";
import { leavable } from "./leavable.ts";
import { asWholeMessage } from "./message-chunk.ts";
import { profileOf } from "./profile.ts";
import { structuredReader, structuredWish } from "./structured/structured-output.ts";
import { STRUCTURED, type StructuredWish } from "./structured/wish.ts";
import { contentOf } from "./once/model-content.ts";
import { askOnce } from "./once/once.ts";

/**
 * A ChatOpenAI for graphs: model, temperature, answer limit and thinking are resolved at each call
 * from `overrides`, else the run's context, else configurable, else the default model.
 */
export function chatModel(overrides: ChatModelOverrides = {}): KagariChatModel {
  return new KagariChatModel(overrides);
}

/** See `chatModel`. */
export class KagariChatModel extends ChatOpenAI {
  readonly #overrides: ChatModelOverrides;
  readonly #routed: RoutedCompletions;

  constructor(overrides: ChatModelOverrides = {}, routed = new RoutedCompletions(overrides)) {
    super({ ...UNUSED_CLIENT, model: overrides.model ?? "default", completions: routed });
    this.#overrides = overrides;
    this.#routed = routed;
  }

  override withConfig(
    config: Partial<ChatOpenAICallOptions>,
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, ChatOpenAICallOptions> {
    const copy = new KagariChatModel(this.#overrides, this.#routed);
    copy.defaultOptions = { ...this.defaultOptions, ...config };
    return copy;
  }

  /** As ChatOpenAI's, but an answer that a crashed attempt of the run got is not asked for again. */
  override async invoke(
    input: BaseLanguageModelInput,
    options?: Partial<ChatOpenAICallOptions>,
  ): Promise<AIMessageChunk> {
    const ask = await askOnce(asConfig(options), this.#contentOf(input, options));
    if (ask?.answer !== undefined) return asAnswer(ask.answer);
    const given = await super.invoke(input, options);
    const answer = AIMessageChunk.isInstance(given) ? asAnswer(asWholeMessage(given)) : given;
    await ask?.finish(() => answer);
    return answer;
  }

  /** As ChatOpenAI's, but who stops reading closes the provider's connection at once. */
  override _streamIterator(
    input: BaseLanguageModelInput,
    options: Partial<ChatOpenAICallOptions> = {},
  ): AsyncGenerator<AIMessageChunk> {
    return leavable((leaving) => {
      const signal = options.signal ? AbortSignal.any([options.signal, leaving]) : leaving;
      return this.#streamOnce(input, { ...options, signal });
    });
  }

  /** See `invoke`: an answer kept comes as one chunk. */
  async *#streamOnce(
    input: BaseLanguageModelInput,
    options: Partial<ChatOpenAICallOptions>,
  ): AsyncGenerator<AIMessageChunk> {
    const ask = await askOnce(asConfig(options), this.#contentOf(input, options));
    if (ask?.answer !== undefined) {
      yield asAnswer(ask.answer);
      return;
    }
    const chunks: AIMessageChunk[] = [];
    for await (const chunk of super._streamIterator(input, options)) {
      if (ask) chunks.push(chunk);
      yield chunk;
    }
    await ask?.finish(() => chunks.reduce((whole, chunk) => whole.concat(chunk)));
  }

  /**
   * As ChatOpenAI's, but by the method that the answering model knows best, unless told otherwise;
   * throws StructuredOutputError with the raw answer where that does not have the shape.
   */
  override withStructuredOutput<Output extends Record<string, unknown> = Record<string, unknown>>(
    schema: StructuredSchema<Output>,
    config?: StructuredOutputMethodOptions,
  ): Runnable<BaseLanguageModelInput, Output>;
  override withStructuredOutput<Output extends Record<string, unknown> = Record<string, unknown>>(
    schema: StructuredSchema<Output>,
    config?: StructuredOutputMethodOptions<true>,
  ): Runnable<BaseLanguageModelInput, RawAndParsed<Output>>;
  override withStructuredOutput<Output extends Record<string, unknown> = Record<string, unknown>>(
    schema: StructuredSchema<Output>,
    config?: StructuredOutputMethodOptions<boolean>,
  ):
    | Runnable<BaseLanguageModelInput, Output>
    | Runnable<BaseLanguageModelInput, RawAndParsed<Output>> {
    const wish = structuredWish(schema, config);
    const reader = structuredReader({ wish, schema }, config?.includeRaw === true);
    return asStructured<Output>(this.withConfig(structuredOption(wish)).pipe(reader));
  }

  /** What agents ask of a model before they call it, by its file and its provider. */
  override get profile(): ModelProfile {
    return profileOf(this.#overrides.model);
  }

  /** Estimated: LangChain's own count downloads a vocabulary. */
  override async getNumTokens(content: MessageContent): Promise<number> {
    return estimateContent(content);
  }

  #contentOf(
    input: BaseLanguageModelInput,
    options: Partial<ChatOpenAICallOptions> | undefined,
  ): () => unknown {
    return contentOf(input, [this.#overrides, { ...this.defaultOptions, ...options }]);
  }

  protected override _useResponsesApi(): boolean {
    return false;
  }

  /** The last place where a call's config is still whole, for invoke, stream and event streams alike. */
  protected override _separateRunnableConfigFromCallOptionsCompat(
    options?: Partial<ChatOpenAICallOptions>,
  ): [RunnableConfig, this["ParsedCallOptions"]] {
    const [config, callOptions] = super._separateRunnableConfigFromCallOptionsCompat(options);
    const call = resolveCall(asConfig(options), this.#overrides);
    return [config, { ...callOptions, [CALL]: call }];
  }
}

type StructuredSchema<Output extends Record<string, unknown>> = Parameters<
  typeof ChatOpenAI.prototype.withStructuredOutput<Output>
>[0];
/** LangChain's call options know only their own names. */
const structuredOption = (wish: StructuredWish): Partial<ChatOpenAICallOptions> =>
  ({ [STRUCTURED]: wish }) as Partial<ChatOpenAICallOptions>;

/** What the reader gives has been checked by the schema that Output is the type of. */
const asStructured = <Output>(runnable: unknown): Runnable<BaseLanguageModelInput, Output> =>
  runnable as Runnable<BaseLanguageModelInput, Output>;

type RawAndParsed<Output> = { raw: BaseMessage; parsed: Output };

/** LangChain's types say chunk where its own models give a whole message too. */
const asAnswer = (answer: unknown): AIMessageChunk => answer as AIMessageChunk;
