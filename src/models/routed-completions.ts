import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { LangSmithParams } from "@langchain/core/language_models/chat_models";
import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import { ChatOpenAICompletions } from "@langchain/openai";
import { chunksOf } from "./answer.ts";
import { withFallbacks } from "./attempts/fallback.ts";
import { asConfig, resolveCall, type ChatModelOverrides, type ModelCall } from "./call.ts";
import type { Model } from "./model.ts";
import type { OpenAnswer } from "./open-answer.ts";
import { ProviderCompletions, type Options, type ProviderCall } from "./provider-completions.ts";
import { eventsOf } from "./regular-chunks.ts";

/** The key of a call's options under which the resolved call travels through LangChain. */
export const CALL = Symbol("kagari.call");

/** For the clients that LangChain makes and nobody uses. */
export const UNUSED_CLIENT = {
  apiKey: "unused",
  configuration: { baseURL: "http://unused.invalid/v1", organization: null, project: null },
};

type OptionsWithCall = Options & { [CALL]?: ModelCall };

/** One client for each configured model, gone with the registry it came from. */
const clients = new WeakMap<Model, ProviderCompletions>();

type Asked = Pick<ProviderCall, "messages" | "options">;

/** What ChatOpenAI sends its Chat Completions through: hands each call to its model's own client. */
export class RoutedCompletions extends ChatOpenAICompletions {
  readonly #overrides: ChatModelOverrides;

  constructor(overrides: ChatModelOverrides) {
    super(UNUSED_CLIENT);
    this.#overrides = overrides;
  }

  override invocationParams(
    options?: Options,
    extra?: { streaming?: boolean },
  ): ReturnType<ChatOpenAICompletions["invocationParams"]> {
    const call = this.#callOf(options ?? {});
    return clientOf(call.model).bodyOf({ call, options: options ?? {} }, extra?.streaming ?? false);
  }

  override getLsParams(options: Options): LangSmithParams {
    const { model, overrides } = this.#callOf(options);
    const temperature = overrides.temperature ?? model.fields.temperature;
    const maxTokens = overrides.maxTokens ?? model.fields.out_tokens;
    return {
      ls_provider: model.dialect.name,
      ls_model_name: model.modelName,
      ls_model_type: "chat",
      ...(temperature === undefined ? {} : { ls_temperature: temperature }),
      ...(maxTokens === undefined ? {} : { ls_max_tokens: maxTokens }),
      ...(options.stop === undefined ? {} : { ls_stop: options.stop }),
    };
  }

  override async _generate(messages: BaseMessage[], options: Options): Promise<ChatResult> {
    return await this.#asked({ messages, options }, (client, provider) => client.answer(provider));
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: Options,
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    await using answer = await this.#opened({ messages, options });
    yield* chunksOf(answer, { runManager, signal: options.signal });
  }

  override async *_streamChatModelEvents(
    messages: BaseMessage[],
    options: Options,
  ): AsyncGenerator<ChatModelStreamEvent> {
    await using answer = await this.#opened({ messages, options });
    yield* eventsOf(answer);
  }

  async #opened(asked: Asked): Promise<OpenAnswer> {
    return await this.#asked(asked, (client, provider) => client.open(provider));
  }

  /** Asks the call's model, or the one of its fallbacks that answers. */
  async #asked<Result>(
    { messages, options }: Asked,
    ask: (client: ProviderCompletions, provider: ProviderCall) => Promise<Result>,
  ): Promise<Result> {
    const hasTools = (options.tools ?? []).length > 0;
    return await withFallbacks(this.#callOf(options), { hasTools }, (call) =>
      ask(clientOf(call.model), { call, messages, options }),
    );
  }

  #callOf(options: OptionsWithCall): ModelCall {
    return options[CALL] ?? resolveCall(asConfig(options), this.#overrides);
  }
}

function clientOf(model: Model): ProviderCompletions {
  const known = clients.get(model);
  if (known) return known;
  const client = new ProviderCompletions(model);
  clients.set(model, client);
  return client;
}
