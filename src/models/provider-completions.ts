import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGeneration, ChatResult } from "@langchain/core/outputs";
import { ChatOpenAICompletions } from "@langchain/openai";
import { generationsOf, spokenIn, wholeAnswer } from "./answer.ts";
import { requireAnswers, requireWhole } from "./answer-checks.ts";
import { Attempt, type Begun } from "./attempts/attempt.ts";
import { withRetries } from "./attempts/retry.ts";
import type { ModelCall } from "./call.ts";
import { NOTHING_RECEIVED } from "./call-meter.ts";
import type { Body } from "./dialects/index.ts";
import { type AttemptClock, CallClock } from "./exchange/clock.ts";
import { exchangeStream, exchangeWhole } from "./exchange/send.ts";
import type { Model } from "./model.ts";
import { OpenAnswer } from "./open-answer.ts";
import { optionParameters } from "./parameters.ts";
import { readingRulesOf } from "./reading-rules.ts";
import type { StreamPiece } from "./regular-chunks.ts";
import { requestBody, wishOf, withoutSchemaMarks } from "./request-body.ts";
import { softSwitched } from "./soft-switch.ts";
import { StreamReader } from "./stream-reader.ts";
import { structuredFields, structuredMessages, wishIn } from "./structured/wish.ts";
import { promptSize, requireRoom } from "./tokens/prompt-size.ts";
import { transportOf, type Transport } from "./transport.ts";
import { said, usageOf, type WireObject } from "./wire.ts";
import { wireMessages } from "./wire-messages.ts";

export type Options = ChatOpenAICompletions["ParsedCallOptions"];
export type Params = ReturnType<ChatOpenAICompletions["invocationParams"]>;

/** One call as the provider's client sees it. */
export interface ProviderCall {
  readonly call: ModelCall;
  readonly messages: BaseMessage[];
  readonly options: Options;
}

/** The wire of one configured model; safe for any number of calls at once, it holds no call's state. */
export class ProviderCompletions extends ChatOpenAICompletions {
  readonly #model: Model;
  readonly #transport: Transport;
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
    this.#transport = transportOf(model);
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
      const begun = await this.#begin(provider, { clock, isStreamed: this.#mayStream });
      return await withRetries(clock, async () => await this.#openOnce(begun, close));
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
    const wired = await wireMessages(messages, this.#model, clock.signal);
    const body: Body = {
      ...this.bodyOf(provider, isStreamed),
      stream: isStreamed,
      messages: softSwitched(
        structuredMessages(wired, this.#model, wishIn(provider.options)),
        this.#model,
        call.overrides,
      ),
    };
    const prompt = promptSize(messages, body);
    requireRoom(this.#model, call.factors.calibrated(this.#model, prompt.tokens));
    return { call, messages, clock, body, prompt };
  }

  async #openOnce(begun: Begun, close: () => void): Promise<OpenAnswer> {
    const reader = this.#readerFor(begun);
    const pieces = this.#pieces(begun, reader);
    const { value: first } = await pieces.next();
    return new OpenAnswer({ model: this.#model, reader, pieces, first: first ?? [], close });
  }

  async #readWhole(begun: Begun): Promise<ChatResult> {
    await using answer = await this.#openOnce(begun, () => undefined);
    const generation = await wholeAnswer(answer);
    return { generations: generation ? [generation] : [] };
  }

  async #askWhole(begun: Begun): Promise<ChatResult> {
    const attempt = await Attempt.begin(begun);
    let received = NOTHING_RECEIVED;
    try {
      const exchange = { ...this.#exchange, body: begun.body, clock: attempt.clock };
      const response = await exchangeWhole(exchange);
      received = {
        usage: usageOf(response),
        answer: spokenIn(response),
        answeredBy: said(response["model"]),
      };
      const measured = attempt.measure(received);
      const rules = readingRulesOf(this.#model, begun.call.overrides);
      const extra = { model_id: this.#model.id };
      const generations: ChatGeneration[] = generationsOf(response, { rules, extra, measured });
      requireAnswers(generations, this.#model);
      attempt.succeeded();
      return { generations, llmOutput: { tokenUsage: measured.counts } };
    } catch (error) {
      throw attempt.failed(error);
    } finally {
      attempt.end(received);
    }
  }

  /** One attempt; what comes before the first words is held back until they have come. */
  async *#pieces(begun: Begun, reader: StreamReader): AsyncGenerator<StreamPiece[], void> {
    const attempt = await Attempt.begin(begun);
    let held: StreamPiece[] | undefined = [];
    try {
      for await (const chunks of this.#chunks(begun, attempt.clock)) {
        const read = chunks.map((chunk) => ({ delta: reader.read(chunk), chunk }));
        const pieces: StreamPiece[] = held === undefined ? read : [...held, ...read];
        const isSilent: boolean = held !== undefined && !pieces.some(({ delta }) => delta);
        held = isSilent ? pieces : undefined;
        if (!isSilent) yield pieces;
      }
      const rest = reader.end();
      requireWhole(reader, this.#model);
      attempt.succeeded();
      const last = rest === undefined ? [] : [{ delta: rest, chunk: undefined }];
      if (held !== undefined || last.length > 0) yield [...(held ?? []), ...last];
    } catch (error) {
      throw attempt.failed(error);
    } finally {
      const { usage, answer, modelName: answeredBy } = reader;
      reader.measured = attempt.end({ usage, answer, answeredBy });
    }
  }

  async *#chunks({ body }: Begun, clock: AttemptClock): AsyncGenerator<WireObject[]> {
    const exchange = { ...this.#exchange, body, clock };
    if (body["stream"] === true) yield* exchangeStream(exchange);
    else yield [await exchangeWhole(exchange)];
  }

  get #exchange(): { model: Model; send: Transport } {
    return { model: this.#model, send: this.#transport };
  }

  get #mayStream(): boolean {
    const { capabilities, stream_upstream: wanted } = this.#model.fields;
    return capabilities?.streaming !== false && wanted !== "never";
  }

  #mustStream({ overrides }: ModelCall): boolean {
    const { fields, dialect, modelName } = this.#model;
    const wanted = fields.stream_upstream ?? "auto";
    if (wanted !== "auto") return wanted === "always";
    const wish = wishOf(this.#model, overrides);
    return dialect.mustStream?.({ model: modelName, isStreamed: false, ...wish }) ?? false;
  }

  #readerFor({ call }: Begun): StreamReader {
    return new StreamReader(readingRulesOf(this.#model, call.overrides));
  }
}

/** The dialects add fields that OpenAI's own types do not know. */
const asParams = (body: Body): Params => body as unknown as Params;
