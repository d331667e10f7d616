import { withFallbacks } from "../attempts/fallback.ts";
import type { Begun } from "../attempts/attempt.ts";
import { withRetries } from "../attempts/retry.ts";
import type { ModelCall } from "../call.ts";
import { CallClock } from "../exchange/clock.ts";
import type { OpenAnswer } from "../open-answer.ts";
import { mustStream } from "../provider-completions.ts";
import { ProviderWire } from "../provider-wire.ts";
import { readingRulesOf } from "../reading-rules.ts";
import { softSwitched } from "../soft-switch.ts";
import { promptOf } from "../tokens/prompt-size.ts";
import { asWireObject, itemsOf, type WireObject } from "../wire.ts";
import { regularAnswer } from "./raw-answer.ts";
import { RawChunks } from "./raw-chunks.ts";
import { rawBody, rawMessages, type RawWish, wishIn } from "./raw-request.ts";

/** Which model is asked, for whom; what is asked of it is in the request. */
export type RawCall = Omit<ModelCall, "overrides">;

/** A chat completion as a client sent it. */
export interface RawRequest {
  /** As OpenAI's wire has it; its `model` and `stream` do not count. */
  readonly body: WireObject;
  readonly signal: AbortSignal;
}

interface Asked extends RawRequest {
  readonly wish: RawWish;
}

/** Answers a client's request by a model: its parameters and the answer's fields all pass. */
export async function completeRaw(call: RawCall, request: RawRequest): Promise<WireObject> {
  const asked = { ...request, wish: wishIn(request.body) };
  return await withFallbacks(callOf(call, asked), needsOf(asked), async (next) => {
    using clock = new CallClock(next.model, request.signal);
    const wire = new ProviderWire(next.model);
    if (mustStream(next.model, next.overrides)) return await gathered(next, asked, clock);
    const begun = await begin(next, asked, { clock, isStreamed: false });
    const rules = readingRulesOf(next.model, next.overrides);
    return await withRetries(clock, async () =>
      wire.whole(begun, (response, measured) =>
        regularAnswer(response, { model: next.model, rules, counts: measured.counts }),
      ),
    );
  });
}

/** The same as a stream of JSON texts; resolves once the model has begun to speak. */
export async function streamRaw(
  call: RawCall,
  request: RawRequest,
): Promise<AsyncGenerator<string[], void>> {
  const asked = { ...request, wish: wishIn(request.body) };
  const options = asWireObject(request.body["stream_options"]);
  const wantsUsage = options?.["include_usage"] === true;
  return await withFallbacks(callOf(call, asked), needsOf(asked), async (next) => {
    const clock = new CallClock(next.model, request.signal);
    const answer = await opened(next, asked, clock);
    return new RawChunks(answer, { wantsUsage }).texts();
  });
}

const callOf = (call: RawCall, { wish }: Asked): ModelCall => ({
  ...call,
  overrides: wish.overrides,
});

const needsOf = ({ body }: Asked) => ({ hasTools: itemsOf(body["tools"]).length > 0 });

async function begin(
  call: ModelCall,
  { body: request, wish }: Asked,
  { clock, isStreamed }: { clock: CallClock; isStreamed: boolean },
): Promise<Begun> {
  const { model, overrides } = call;
  clock.signal.throwIfAborted();
  const given = itemsOf(request["messages"])
    .map(asWireObject)
    .filter((message) => message !== undefined);
  const messages = softSwitched(await rawMessages(given, model, clock.signal), model, overrides);
  const body = { ...rawBody(model, wish, isStreamed), stream: isStreamed, messages };
  return { call, clock, body, prompt: await promptOf(call, given, body) };
}

/** A stream that has begun to speak; the time of the call ends with it. */
async function opened(call: ModelCall, asked: Asked, clock: CallClock): Promise<OpenAnswer> {
  const close = (): void => clock[Symbol.dispose]();
  const wire = new ProviderWire(call.model);
  try {
    const begun = await begin(call, asked, { clock, isStreamed: wire.mayStream });
    return await withRetries(clock, async () => await wire.open(begun, close));
  } catch (error) {
    close();
    throw error;
  }
}

/** A whole answer of a provider that only streams. */
async function gathered(call: ModelCall, asked: Asked, clock: CallClock): Promise<WireObject> {
  const answer = await opened(call, asked, clock);
  let [content, reasoning] = ["", ""];
  try {
    for (let pieces = await answer.next(); pieces; pieces = await answer.next())
      for (const { delta } of pieces) {
        content += delta?.content ?? "";
        reasoning += delta?.reasoning ?? "";
      }
  } finally {
    await answer[Symbol.asyncDispose]();
  }
  const { toolCalls, finishReason, usage, measured, providerId, modelName, service } =
    answer.reader;
  const calls = toolCalls.calls.map(({ id, name, arguments: args }) => ({
    id,
    type: "function",
    function: { name, arguments: args },
  }));
  const message = {
    content,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  const choices = [{ index: 0, message, finish_reason: finishReason }];
  const response = { ...service, id: providerId, model: modelName, choices, usage };
  const rules = { ...readingRulesOf(call.model, call.overrides), tags: "off" as const };
  return regularAnswer(response, { model: call.model, rules, counts: measured?.counts });
}
