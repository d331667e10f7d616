import { describe, expect, it } from "vitest";
import { jsonContains } from "./json-contains.ts";
import type { Json } from "./json.ts";

const cases: [have: Json, wanted: Json, contained: boolean][] = [
  [{ a: 1, b: 2 }, { a: 1 }, true],
  [{ a: 1 }, { a: 2 }, false],
  [{ a: 1 }, { a: 1, b: null }, false],
  [{ a: null }, { a: null }, true],
  [{ a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 1 } } }, true],
  [{ a: { b: 1 } }, { a: { b: 2 } }, false],
  [{ tags: ["x", "y"] }, { tags: ["y"] }, true],
  [{ tags: ["x", "y"] }, { tags: ["z"] }, false],
  [{ tags: ["x", "y"] }, { tags: [] }, true],
  [{ tags: [{ n: 1, m: 2 }] }, { tags: [{ n: 1 }] }, true],
  [{ tags: { 0: "x" } }, { tags: ["x"] }, false],
  [{ tags: ["x"] }, { tags: { 0: "x" } }, false],
  [{ a: "1" }, { a: 1 }, false],
  [{}, JSON.parse('{"__proto__":{}}'), false],
  [{}, {}, true],
];

describe("jsonContains", () => {
  it.each(cases)("%j @> %j is %s", (have, wanted, contained) => {
    expect(jsonContains(have, wanted)).toBe(contained);
  });
});
