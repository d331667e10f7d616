import { expect, it } from "vitest";
import { figuresOf, type Retrieved, retrievalReport } from "./retrieval-figures.ts";

const found = (relevant: string[], names: string[], latencyMs: number): Retrieved => ({
  way: "vector",
  question: { question: "?", language: "en", relevant },
  found: names,
  latencyMs,
});

it("tells recall, reciprocal rank, what was left empty, and latency", () => {
  const results = [
    found(["a"], ["a", "b"], 1),
    found(["a", "b"], ["x", "b", "y", "z", "a"], 3),
    found(["c"], ["a"], 2),
    found([], [], 4),
    found([], ["a"], 5),
  ];
  const [figures] = figuresOf(results);
  expect(figures).toMatchObject({ way: "vector", language: "en", questions: 5 });
  expect(figures?.recall).toEqual({
    1: expect.closeTo(1 / 3),
    3: expect.closeTo(1 / 2),
    5: expect.closeTo(2 / 3),
    10: expect.closeTo(2 / 3),
  });
  expect(figures?.mrr).toBeCloseTo(1 / 2);
  expect(figures?.emptyWhereNone).toBe(0.5);
  expect(figures).toMatchObject({ p50Ms: 3, p95Ms: 5 });
  expect(retrievalReport(figuresOf(results), { vector: { CNY: 1500 } })).toMatch(
    /^search .*\nvector, en +0\.33 +0\.50 +0\.67 +0\.67 +0\.50 +0\.50 +3\.0 +5\.0\n\nCost: vector: 0\.0015 CNY$/,
  );
});
