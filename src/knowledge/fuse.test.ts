import { expect, it } from "vitest";
import { fuse } from "./fuse.ts";

const hits = (...scored: [number, number][]) =>
  scored.map(([chunk_no, score]) => ({ chunk_no, score }));
const order = (...rest: Parameters<typeof fuse>) => fuse(...rest).map(({ chunk_no }) => chunk_no);

const vector = hits([1, 0.9], [2, 0.3]);
const words = hits([2, 0.6], [3, 0.5]);

it("puts first what several rankings have in front", () => {
  const rankings = [
    { hits: vector, weight: 1 },
    { hits: words, weight: 1 },
  ];
  expect(order(rankings, "rrf")).toEqual([2, 1, 3]);
  expect(order(rankings, "weighted")).toEqual([2, 1, 3]);
});

it("weighs a ranking, by places or by scores", () => {
  const rankings = [
    { hits: vector, weight: 5 },
    { hits: words, weight: 1 },
  ];
  expect(order(rankings, "rrf")).toEqual([2, 1, 3]);
  expect(order(rankings, "weighted")).toEqual([1, 2, 3]);
  expect(fuse(rankings, "weighted")[0]?.score).toBeCloseTo(5);
  expect(fuse([{ hits: words, weight: 2 }], "rrf")[0]?.score).toBeCloseTo(2 / 61);
});

it("has nothing of rankings without hits", () => {
  expect(fuse([{ hits: [], weight: 1 }], "weighted")).toEqual([]);
});
