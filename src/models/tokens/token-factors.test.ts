import { describe, expect, it } from "vitest";
import { parseModelConfig } from "../../config/model-config.ts";
import { systemClock } from "../../core/clock.ts";
import { Model } from "../model.ts";
import { TokenFactors } from "./token-factors.ts";

const modelOf = (id: string, model: string): Model =>
  new Model(
    parseModelConfig(
      { model, url: "http://127.0.0.1/v1" },
      { file: `${id}.json`, dir: ".", env: {} },
    ),
    { clock: systemClock, log: undefined },
  );
const qwen = modelOf("a", "qwen");

describe("token factors", () => {
  it("start with a margin and go a fifth of the way with each report", () => {
    const factors = new TokenFactors();
    expect(factors.of(qwen)).toBe(1.15);
    expect(factors.calibrated(qwen, 100)).toBe(115);
    factors.learn(qwen, { estimated: 100, reported: 65 });
    expect(factors.of(qwen)).toBeCloseTo(1.05);
    for (let count = 0; count < 60; count++) factors.learn(qwen, { estimated: 100, reported: 65 });
    expect(factors.of(qwen)).toBeCloseTo(0.65);
  });

  it("stay within a half and the double, whatever a provider reports", () => {
    const factors = new TokenFactors();
    for (const reported of [1e12, 1e12, 1e12, 1e12, 1e12, 1e12, 1e12, 1e12, 1e12, 1e12])
      factors.learn(qwen, { estimated: 100, reported });
    expect(factors.of(qwen)).toBeLessThanOrEqual(2);
    for (let count = 0; count < 60; count++) factors.learn(qwen, { estimated: 1e6, reported: 1 });
    expect(factors.of(qwen)).toBeCloseTo(0.5);
  });

  it("take no lesson from a tiny prompt", () => {
    const factors = new TokenFactors();
    factors.learn(qwen, { estimated: 5, reported: 40 });
    expect(factors.of(qwen)).toBe(1.15);
  });

  it("belong to the provider's model: two files share them, and they can be kept", () => {
    const factors = new TokenFactors();
    factors.learn(qwen, { estimated: 100, reported: 65 });
    expect(factors.of(modelOf("b", "qwen"))).toBe(factors.of(qwen));
    expect(factors.of(modelOf("a", "glm"))).toBe(1.15);
    const kept = factors.takeChanged();
    expect(kept).toEqual([{ model: "generic/qwen", factor_millionths: 1_050_000 }]);
    expect(factors.takeChanged()).toEqual([]);
    expect(new TokenFactors(kept).of(qwen)).toBe(1.05);
  });
});
