import { expect, it } from "vitest";
import type { Json } from "./json.ts";
import { parsePath, valueAt } from "./json-path.ts";

const value: Json = { a: { "b-c": [{ d: 1 }, { d: 2 }], n: null }, 名: "x" };

it.each<[path: string, found: Json]>([
  ["a.b-c[0].d", 1],
  ["a.b-c[-1].d", 2],
  ["a.b-c.1.d", 2],
  ["a.b-c[2].d", null],
  ["a.n", null],
  ["名", "x"],
  ["a.constructor", null],
  ["__proto__", null],
  ["a[0]", null],
])("%s leads to %j", (path, found) => {
  expect(valueAt(value, parsePath(path) ?? [])).toEqual(found);
});

it.each(["", ".a", "a..b", "a[", "a[x]", "[0]", "a.", "a]b"])("refuses %j", (path) => {
  expect(parsePath(path)).toBeUndefined();
});
