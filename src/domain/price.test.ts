import { describe, expect, it } from "vitest";
import { costMicros, MAX_COST_MICROS, type Billable } from "./price.ts";

const call = (used: Partial<Billable>): Billable => ({
  promptTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
  requests: 0,
  images: 0,
  ...used,
});

describe("the price of a call", () => {
  it("is exact where binary fractions are not", () => {
    // 0.1 * 3 is 0.30000000000000004 in floats, which would round up.
    expect(costMicros({ pay_in: 0.1 }, call({ promptTokens: 35 }))).toBe(4);
    expect(costMicros({ pay_in: 0.1 }, call({ promptTokens: 34 }))).toBe(3);
    expect(costMicros({ pay_in: 1.005 }, call({ promptTokens: 100 }))).toBe(101);
    expect(costMicros({ pay_in: 1e-7 }, call({ promptTokens: 5_000_000 }))).toBe(1);
    expect(costMicros({ pay_in: 0.3, pay_out: 1.2 }, call({ promptTokens: 1e9 }))).toBe(3e8);
  });

  it("is rounded once, over all parts of the call", () => {
    const prices = { pay_in: 0.4, pay_out: 0.4 };
    expect(costMicros(prices, call({ promptTokens: 1, completionTokens: 1 }))).toBe(1);
    expect(costMicros(prices, call({ promptTokens: 1 }))).toBe(0);
  });

  it("counts cached, written and thinking tokens at their own prices, once", () => {
    const prices = { pay_in: 10, pay_cached: 1, pay_cache_write: 12.5, pay_out: 30, pay_think: 40 };
    const used = call({
      promptTokens: 100,
      cachedTokens: 60,
      cacheWriteTokens: 20,
      completionTokens: 50,
      reasoningTokens: 10,
    });
    expect(costMicros(prices, used)).toBe(20 * 10 + 60 * 1 + 20 * 12.5 + 40 * 30 + 10 * 40);
  });

  it("takes the plain price for what has none of its own", () => {
    const used = call({
      promptTokens: 9,
      cachedTokens: 9,
      completionTokens: 4,
      reasoningTokens: 4,
    });
    expect(costMicros({ pay_in: 2, pay_out: 3 }, used)).toBe(30);
  });

  it("goes by the length of the prompt where prices have tiers, in whatever order", () => {
    const prices = {
      pay_in: 99,
      pay_tiers: [
        { pay_in: 6, pay_out: 24, pay_think: 60 },
        { up_to_input: 128, pay_in: 3, pay_out: 12 },
        { up_to_input: 32, pay_in: 1, pay_out: 4 },
      ],
    };
    const cost = (promptTokens: number) =>
      costMicros(prices, call({ promptTokens, completionTokens: 1 }));
    expect([32, 33, 128, 129].map(cost)).toEqual([36, 111, 396, 798]);
    const thinking = call({ promptTokens: 200, completionTokens: 2, reasoningTokens: 1 });
    expect(costMicros(prices, thinking)).toBe(1200 + 24 + 60);
  });

  it("takes the last tier for a prompt that is longer than all", () => {
    const pay_tiers = [{ up_to_input: 10, pay_in: 1, pay_out: 1 }];
    expect(costMicros({ pay_tiers }, call({ promptTokens: 20 }))).toBe(20);
  });

  it("has prices of requests and images in whole units", () => {
    const prices = { pay_request: 0.002, pay_image: 0.14 };
    expect(costMicros(prices, call({ requests: 1, images: 3 }))).toBe(422_000);
  });

  it("is unknown without a price, which is not the same as free", () => {
    expect(costMicros({}, call({ promptTokens: 5 }))).toBeNull();
    expect(costMicros({ pay_tiers: [] }, call({ promptTokens: 5 }))).toBeNull();
    expect(costMicros({ pay_in: 0 }, call({ promptTokens: 5 }))).toBe(0);
  });

  it("is never negative and has an upper bound", () => {
    const prices = { pay_in: 1e9, pay_cached: 0, pay_out: 5 };
    expect(costMicros(prices, call({ promptTokens: 1, cachedTokens: 7 }))).toBe(0);
    expect(costMicros(prices, call({ completionTokens: 1, reasoningTokens: 3 }))).toBe(15);
    expect(costMicros(prices, call({ promptTokens: 1e8 }))).toBe(MAX_COST_MICROS);
  });
});
