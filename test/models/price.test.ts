import { type AIMessageChunk, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const PRICES = { pay_in: 0.3, pay_out: 1.2, pay_cached: 0.06, currency: "CNY", api_key: "key" };
/** 6 fresh, 5 cached and 7 answer tokens: 1.8 + 0.3 + 8.4 = 10.5, halves up. */
const COST = 11;

const answer = fake.delta({ role: "assistant", content: "hello" }, "stop");

interface Told {
  usage: object | undefined;
  receipt: unknown;
}

/** One call in each of the three ways that graphs make it. */
async function threeWays(...answers: fake.Answer[]) {
  await using provider = await fake.fakeProvider(...answers);
  using runtime = testRuntime({ a: { url: provider.url, ...PRICES } });
  const told: Told[] = [];
  const tell = (message: BaseMessage | undefined) =>
    told.push({
      usage: Reflect.get(message ?? {}, "usage_metadata"),
      receipt: Reflect.get(message?.response_metadata ?? {}, "kagari"),
    });
  tell(await chatModel().invoke("hi"));
  let whole: AIMessageChunk | undefined;
  for await (const chunk of await chatModel().stream("hi"))
    whole = whole ? whole.concat(chunk) : chunk;
  tell(whole);
  tell(await chatModel().streamEvents("hi"));
  return { told, used: runtime.used };
}

describe("the price of a chat call", () => {
  it("is in the message and in the ledger, streamed or not, under the same id", async () => {
    const { told, used } = await threeWays(fake.text("hi"));
    expect(used.map(({ costMicros, currency }) => [costMicros, currency])).toEqual(
      Array.from({ length: 3 }, () => [COST, "CNY"]),
    );
    expect(told.map(({ receipt }) => receipt)).toEqual(
      used.map(({ callId }) => ({
        call_id: callId,
        model: "a",
        cost_micros: COST,
        currency: "CNY",
        estimated: false,
      })),
    );
    for (const { usage } of told)
      expect(usage).toMatchObject({ input_tokens: 11, input_token_details: { cache_read: 5 } });
  });

  it.each([
    ["cached_tokens at the top", { cached_tokens: 5 }, { cachedTokens: 5 }],
    ["prompt_cache_hit_tokens", { prompt_cache_hit_tokens: 5 }, { cachedTokens: 5 }],
    [
      "cache writes",
      { prompt_tokens_details: { cached_tokens: 2, cache_write_tokens: 3 } },
      { cachedTokens: 2, cacheWriteTokens: 3 },
    ],
    [
      "thinking beside the answer",
      { completion_tokens_details: { reasoning_tokens: 4 }, total_tokens: 22 },
      { completionTokens: 11, reasoningTokens: 4, totalTokens: 22 },
    ],
    ["negative counts", { completion_tokens: -7, cached_tokens: -1 }, { completionTokens: 0 }],
    ["more cached than sent", { cached_tokens: 99 }, { cachedTokens: 11, cacheWriteTokens: 0 }],
    ["absurd counts", { completion_tokens: 1e30 }, { completionTokens: 1e8 }],
    ["fractions", { completion_tokens: 6.6 }, { completionTokens: 7 }],
    ["numbers in text", { cached_tokens: "5" }, { cachedTokens: 0 }],
  ])("reads %s", async (_, fields, counts) => {
    const usage = { prompt_tokens: 11, completion_tokens: 7, ...fields };
    const { used } = await threeWays(streamOrWhole([answer, fake.usageChunk(usage)], usage));
    for (const call of used) {
      expect(call).toMatchObject({ promptTokens: 11, estimated: false, ...counts });
      expect(call.costMicros).toBeGreaterThanOrEqual(0);
    }
  });

  it("reads usage on every chunk, inside the choice, and takes the last", async () => {
    const chunk = (n: number) => ({
      ...answer,
      choices: [{ ...answer.choices[0], usage: { prompt_tokens: 11, completion_tokens: n } }],
    });
    const { used } = await threeWays(
      streamOrWhole([chunk(1), chunk(5), chunk(7)], { prompt_tokens: 11, completion_tokens: 7 }),
    );
    expect(used.map(({ completionTokens }) => completionTokens)).toEqual([7, 7, 7]);
  });

  it.each([
    ["missing", undefined],
    ["empty", {}],
    ["all zero", { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }],
    ["no object", "many"],
  ])("is an estimate, and says so, where the usage is %s", async (_, usage) => {
    const { used, told } = await threeWays(streamOrWhole([{ ...answer, usage }], usage));
    for (const [index, call] of used.entries()) {
      expect(call.estimated).toBe(true);
      expect(call.promptTokens).toBeGreaterThan(0);
      expect(call.completionTokens).toBeGreaterThan(0);
      expect(call.costMicros).toBeGreaterThan(0);
      expect(told[index]?.receipt).toMatchObject({ estimated: true });
    }
  });

  it("is nothing for a refused call, which has a row all the same", async () => {
    await using provider = await fake.fakeProvider(fake.json({ error: "no" }, { status: 400 }));
    using runtime = testRuntime({ a: { url: provider.url, pay_request: 1, ...PRICES } });
    await expect(chatModel().invoke("hi")).rejects.toThrow("400");
    expect(runtime.used).toMatchObject([{ status: "error", costMicros: 0, totalTokens: 0 }]);
  });

  it("is told once where several answers were asked for", async () => {
    const body = {
      model: "fake",
      choices: ["a", "b"].map((content, index) => ({
        index,
        message: { role: "assistant", content },
        finish_reason: "stop",
      })),
      usage: fake.USAGE,
    };
    await using provider = await fake.fakeProvider(fake.json(body));
    using runtime = testRuntime({ a: { url: provider.url, n: 2, ...PRICES } });
    const { generations } = await chatModel().generate([[new HumanMessage("hi")]]);
    const receipts = generations[0]?.map((one) => Reflect.get(one, "message").response_metadata);
    expect(receipts?.map(({ kagari }) => kagari?.cost_micros)).toEqual([COST, undefined]);
    expect(runtime.used).toHaveLength(1);
  });
});

/** An answer with this usage, as a stream where one is asked for. */
const streamOrWhole =
  (chunks: unknown[], usage: unknown): fake.Answer =>
  (response, request) => {
    const whole = {
      model: "fake",
      choices: [
        { index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" },
      ],
      usage,
    };
    const isStream = request.body["stream"] === true;
    (isStream ? fake.stream(chunks) : fake.json(whole))(response, request);
  };
