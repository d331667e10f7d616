import type { BaseMessage } from "@langchain/core/messages";
import type { ChatResult } from "@langchain/core/outputs";
import { ChatOpenAICompletions } from "@langchain/openai";
import { generationsOf, wholeAnswer } from "./answer.ts";
import { requireAnswers } from "./answer-checks.ts";
import type { Begun } from "./attempts/attempt.ts";
import { withRetries } from "./attempts/retry.ts";
import type { ModelCall } from "./call.ts";
import type { Body } from "./dialects/index.ts";
import { CallClock } from "./exchange/clock.ts";
import type { Model } from "./model.ts";
import type { OpenAnswer } from "./open-answer.ts";
import { optionParameters } from "./parameters.ts";
import { readingRulesOf } from "./reading-rules.ts";
import { ProviderWire } from "./provider-wire.ts";
import { type CallOverrides, requestBody, wishOf, withoutSchemaMarks } from "./request-body.ts";
import { softSwitched } from "./soft-switch.ts";
import { structuredFields, structuredMessages, wishIn } from "./structured/wish.ts";
import { promptOf } from "./tokens/prompt-size.ts";
import { wireMessages } from "./wire-messages.ts";

export type Options = ChatOpenAICompletions["ParsedCallOptions"];
export type Params = ReturnType<ChatOpenAICompletions["invocationParams"]>;

/** One call as the provider's client sees it. */
export interface ProviderCall {
  readonly call: ModelCall;
  readonly messages: BaseMessage[];
  readonly options: Options;
}

/** What LangChain asks one configured model through. */
export class ProviderCompletions extends ChatOpenAICompletions {
  readonly #model: Model;
  readonly #wire: ProviderWire;
  /** LangChain asks for the body of a call once for its traces before it is sent. */
  readonly #bodies = new WeakMap<ModelCall, Params>();

  constructor(model: Model) {
    // The client made of this is never used: requests go through the model's own transport.
    super({
      model: model.modelName,
      apiKey: "unused",
      configuration: { baseURL: "http://unused" },
    });
    this.#model = model;
    this.#wire = new ProviderWire(model);
  }

  /** The body of a request, all but its messages. */
  bodyOf(provider: Pick<ProviderCall, "call" | "options">, isStreamed: boolean): Params {
    if (isStreamed) return this.#makeBody(provider, true);
    const known = this.#bodies.get(provider.call);
    if (known !== undefined) return known;
    const body = this.#makeBody(provider, false);
    this.#bodies.set(provider.call, body);
    return body;
  }

  #makeBody(
    { call, options }: Pick<ProviderCall, "call" | "options">,
    isStreamed: boolean,
  ): Params {
    const base = super.invocationParams(options, { streaming: isStreamed });
    const wish = wishIn(options);
    const shape = wish === undefined ? {} : structuredFields(this.#model, { ...base }, wish);
    const body = requestBody(this.#model, {
      base: withoutSchemaMarks({ ...base, ...shape, stream: isStreamed }),
      overrides: call.overrides,
      options: optionParameters(options),
      isStreamed,
    });
    return asParams(body);
  }

  /** A whole answer, asked for as often as the model's retries allow. */
  async answer(provider: ProviderCall): Promise<ChatResult> {
    using clock = new CallClock(this.#model, provider.options.signal);
    const isStreamed = this.#mustStream(provider.call);
    const begun = await this.#begin(provider, { clock, isStreamed });
    return await withRetries(clock, async () =>
      isStreamed ? await this.#readWhole(begun) : await this.#askWhole(begun),
    );
  }

  /** A streamed answer that has begun to speak; asked for again only until then. */
  async open(provider: ProviderCall): Promise<OpenAnswer> {
    const clock = new CallClock(this.#model, provider.options.signal);
    const close = (): void => clock[Symbol.dispose]();
    try {
      const begun = await this.#begin(provider, { clock, isStreamed: this.#wire.mayStream });
      return await withRetries(clock, async () => await this.#wire.open(begun, close));
    } catch (error) {
      close();
      throw error;
    }
  }

  async #begin(
    provider: ProviderCall,
    { clock, isStreamed }: { clock: CallClock; isStreamed: boolean },
  ): Promise<Begun> {
    const { call, messages } = provider;
    clock.signal.throwIfAborted();
    const wired = await wireMessages(messages, this.#model, {
      user: call.user,
      signal: clock.signal,
    });
    const body: Body = {
      ...this.bodyOf(provider, isStreamed),
      stream: isStreamed,
      messages: softSwitched(
        structuredMessages(wired, this.#model, wishIn(provider.options)),
        this.#model,
        call.overrides,
      ),
    };
    return { call, clock, body, prompt: await promptOf(call, messages, body) };
  }

  async #readWhole(begun: Begun): Promise<ChatResult> {
    await using answer = await this.#wire.open(begun, () => undefined);
    const generation = await wholeAnswer(answer);
    return { generations: generation ? [generation] : [] };
  }

  async #askWhole(begun: Begun): Promise<ChatResult> {
    return await this.#wire.whole(begun, (response, measured) => {
      const rules = readingRulesOf(this.#model, begun.call.overrides);
      const extra = { model_id: this.#model.id };
      const generations = generationsOf(response, { rules, extra, measured });
      requireAnswers(generations, this.#model);
      return { generations, llmOutput: { tokenUsage: measured.counts } };
    });
  }

  #mustStream({ overrides }: ModelCall): boolean {
    return mustStream(this.#model, overrides);
  }
}

/** Whether a whole answer is to be had only by a stream. */
export function mustStream(model: Model, overrides: CallOverrides): boolean {
  const { fields, dialect, modelName } = model;
  const wanted = fields.stream_upstream ?? "auto";
  if (wanted !== "auto") return wanted === "always";
  const wish = wishOf(model, overrides);
  return dialect.mustStream?.({ model: modelName, isStreamed: false, ...wish }) ?? false;
}

/** The dialects add fields that OpenAI's own types do not know. */
const asParams = (body: Body): Params => body as unknown as Params;
