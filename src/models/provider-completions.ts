import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type { ChatModelStreamEvent } from "@langchain/core/language_models/event";
import type { BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import { ChatOpenAICompletions, convertOpenAICompletionsStream } from "@langchain/openai";
import { deltaChunk, finalChunk, generationsOf, wholeMessage } from "./answer.ts";
import type { ModelCall } from "./call.ts";
import { CallMeter } from "./call-meter.ts";
import type { Body } from "./dialects/index.ts";
import type { Model } from "./model.ts";
import { optionParameters } from "./parameters.ts";
import { readingRulesOf, type ReadingRules } from "./reading-rules.ts";
import { requestBody, wishOf, withoutSchemaMarks } from "./request-body.ts";
import { regularChunks, withWholeUsage, type StreamPiece } from "./regular-chunks.ts";
import { softSwitched } from "./soft-switch.ts";
import { StreamReader } from "./stream-reader.ts";
import { baseUrlOf, transportOf } from "./transport.ts";
import { isAbort, malformedAnswer, toUpstreamError } from "./upstream-error.ts";
import { UpstreamError } from "../core/errors.ts";
import { NO_TOKENS, readUsage } from "./usage.ts";
import type { ModelUsage } from "./usage-port.ts";
import { asWireObject, said, usageOf, type WireObject } from "./wire.ts";
import { wireMessages } from "./wire-messages.ts";

const MAX_RETRIES = 2;

type Options = ChatOpenAICompletions["ParsedCallOptions"];
type Params = ReturnType<ChatOpenAICompletions["invocationParams"]>;
type CreateBody = Parameters<ChatOpenAICompletions["client"]["chat"]["completions"]["create"]>[0];

type Chunks = AsyncIterable<WireObject> | Iterable<WireObject>;

/** One call as the provider's client sees it. */
export interface ProviderCall {
  readonly call: ModelCall;
  readonly messages: BaseMessage[];
  readonly options: Options;
}

/** The wire of one configured model; safe for any number of calls at once, it holds no call's state. */
export class ProviderCompletions extends ChatOpenAICompletions {
  readonly #model: Model;

  constructor(model: Model) {
    super({
      model: model.modelName,
      // The transport sets the real key; this one is never sent.
      apiKey: "unused",
      maxRetries: MAX_RETRIES,
      onFailedAttempt: throwFinal,
      ...(model.fields.timeout === undefined ? {} : { timeout: model.fields.timeout * 1000 }),
      configuration: {
        baseURL: baseUrlOf(model),
        organization: null,
        project: null,
        adminAPIKey: null,
        webhookSecret: null,
        logLevel: "off",
        fetch: transportOf(model),
      },
    });
    this.#model = model;
  }

  /** The body of a request, all but its messages. */
  bodyOf({ call, options }: Pick<ProviderCall, "call" | "options">, isStreamed: boolean): Params {
    const base = super.invocationParams(options, { streaming: isStreamed });
    const body = requestBody(this.#model, {
      base: withoutSchemaMarks({ ...base, stream: isStreamed }),
      overrides: call.overrides,
      options: optionParameters(options),
      isStreamed,
    });
    return asParams(body);
  }

  async generateAnswer(provider: ProviderCall): Promise<ChatResult> {
    const { call, messages, options } = provider;
    if (this.#mustStream(call)) return await this.#generateFromStream(provider);
    const meter = new CallMeter(call, messages);
    let status: ModelUsage["status"] = "error";
    let usage: WireObject | undefined;
    try {
      const response = await this.#send(provider, false);
      const body = this.#checkedResponse(response.data);
      usage = usageOf(body);
      const generations = generationsOf(body, { rules: this.#rulesOf(call) });
      if (generations.length === 0)
        throw malformedAnswer(this.#model, "sent an answer without a message");
      status = "success";
      return { generations, llmOutput: { tokenUsage: readUsage(usage) ?? NO_TOKENS } };
    } catch (error) {
      const failed = this.#failure(error, options);
      status = isCancelled(failed, options) ? "cancelled" : "error";
      throw failed;
    } finally {
      meter.record({ status, usage, answer: "" });
    }
  }

  async *streamChunks(
    provider: ProviderCall,
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const reader = new StreamReader(this.#rulesOf(provider.call));
    for await (const { delta } of this.#pieces(provider, reader)) {
      if (delta === undefined) continue;
      const chunk = deltaChunk(delta, reader);
      yield chunk;
      await announce(runManager, chunk);
    }
    const last = finalChunk(reader);
    yield last;
    await announce(runManager, last);
  }

  async *streamEventsOf(provider: ProviderCall): AsyncGenerator<ChatModelStreamEvent> {
    const reader = new StreamReader(this.#rulesOf(provider.call));
    const chunks = regularChunks(this.#pieces(provider, reader), reader);
    const events = convertOpenAICompletionsStream(chunks, { provider: "openai" });
    yield* withWholeUsage(events, reader);
  }

  #rulesOf({ overrides }: ModelCall): ReadingRules {
    return readingRulesOf(this.#model, overrides);
  }

  #mustStream({ overrides }: ModelCall): boolean {
    const { fields, dialect, modelName } = this.#model;
    const wanted = fields.stream_upstream ?? "auto";
    if (wanted !== "auto") return wanted === "always";
    const wish = wishOf(this.#model, overrides);
    return dialect.mustStream?.({ model: modelName, isStreamed: false, ...wish }) ?? false;
  }

  async #generateFromStream(provider: ProviderCall): Promise<ChatResult> {
    let whole: ChatGenerationChunk | undefined;
    for await (const chunk of this.streamChunks(provider))
      whole = whole ? whole.concat(chunk) : chunk;
    return { generations: whole ? [wholeMessage(whole)] : [] };
  }

  async *#pieces(provider: ProviderCall, reader: StreamReader): AsyncGenerator<StreamPiece> {
    const { call, messages, options } = provider;
    const meter = new CallMeter(call, messages);
    let status: ModelUsage["status"] = "cancelled";
    try {
      for await (const chunk of await this.#openStream(provider)) {
        options.signal?.throwIfAborted();
        yield { delta: reader.read(chunk), chunk };
      }
      options.signal?.throwIfAborted();
      const rest = reader.end();
      if (rest !== undefined) yield { delta: rest, chunk: undefined };
      this.#requireWhole(reader);
      status = "success";
    } catch (error) {
      const failed = this.#failure(error, options);
      status = isCancelled(failed, options) ? "cancelled" : "error";
      throw failed;
    } finally {
      meter.record({ status, usage: reader.usage, answer: reader.answer });
    }
  }

  async #openStream(provider: ProviderCall): Promise<Chunks> {
    const { capabilities, stream_upstream: wanted } = this.#model.fields;
    if (capabilities?.streaming === false || wanted === "never")
      return [this.#checkedResponse((await this.#send(provider, false)).data)];
    const { data, response } = await this.#send(provider, true);
    const type = response.headers.get("content-type") ?? "";
    if (/json|html/i.test(type) && !type.includes("ndjson")) {
      const body: unknown = parseQuietly(await response.text());
      throw malformedAnswer(
        this.#model,
        errorInBody(body) ?? `answered a stream request with ${type}`,
      );
    }
    return data as AsyncIterable<WireObject>;
  }

  async #send(
    { messages, ...provider }: ProviderCall,
    isStreamed: boolean,
  ): Promise<{ data: unknown; response: Response }> {
    const { signal } = provider.options;
    const body = asCreateBody({
      ...this.bodyOf(provider, isStreamed),
      stream: isStreamed,
      messages: softSwitched(
        await wireMessages(messages, this.#model, signal),
        this.#model,
        provider.call.overrides,
      ),
    });
    this._getClientOptions(undefined);
    const { completions } = this.client.chat;
    return await this.caller.callWithOptions(signal ? { signal } : {}, async () => {
      try {
        return await completions.create(body, signal ? { signal } : {}).withResponse();
      } catch (error) {
        throw this.#failure(error, provider.options);
      }
    });
  }

  #checkedResponse(data: unknown): WireObject {
    const body = asWireObject(typeof data === "string" ? parseQuietly(data) : data);
    if (body === undefined) throw malformedAnswer(this.#model, "sent an answer that is not JSON");
    const problem = Array.isArray(body["choices"]) ? undefined : errorInBody(body);
    if (problem !== undefined) throw malformedAnswer(this.#model, problem);
    return body;
  }

  #requireWhole(reader: StreamReader): void {
    if (reader.chunks === 0) throw malformedAnswer(this.#model, "sent an empty stream");
    if (reader.finishReason === undefined)
      throw malformedAnswer(this.#model, "broke off in the middle of its answer");
    if (!reader.toolCalls.isWhole)
      throw malformedAnswer(
        this.#model,
        "sent a tool call whose arguments are cut off or not JSON",
      );
  }

  #failure(error: unknown, options: Options): Error {
    const { signal } = options;
    if (signal?.aborted && signal.reason instanceof Error) return signal.reason;
    return toUpstreamError(error, this.#model);
  }
}

function throwFinal(error: unknown): void {
  if (!(error instanceof UpstreamError) || !error.retryable) throw error;
}

const isCancelled = (error: Error, options: Options): boolean =>
  isAbort(error) || options.signal?.aborted === true;

async function announce(
  runManager: CallbackManagerForLLMRun | undefined,
  chunk: ChatGenerationChunk,
): Promise<void> {
  const index = { prompt: 0, completion: 0 };
  await runManager?.handleLLMNewToken(chunk.text, index, undefined, undefined, undefined, {
    chunk,
  });
}

function errorInBody(body: unknown): string | undefined {
  const object = asWireObject(body);
  if (object === undefined) return undefined;
  const error = asWireObject(object["error"]);
  const message = said(error?.["message"]) ?? said(object["error"]) ?? said(object["message"]);
  return message === undefined ? undefined : `answered 200 with an error: ${message.slice(0, 500)}`;
}

function parseQuietly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The dialects add fields that OpenAI's own types do not know. */
const asParams = (body: Body): Params => body as unknown as Params;
const asCreateBody = (body: unknown): CreateBody => body as CreateBody;
