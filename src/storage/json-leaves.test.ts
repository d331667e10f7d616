import { expect, it } from "vitest";
import { jsonContains } from "../core/json-contains.ts";
import type { Json } from "../core/json.ts";
import { leafTexts } from "./json-leaves.ts";

const HAVE: Json = {
  text: 'a "quoted" \\ back\nslash',
  名: "羚",
  n: 1e21,
  none: null,
  yes: true,
  list: [1, "two", { three: [3, 4], deep: {} }],
  __proto: { a: { b: [] } },
};

it.each<Json>([
  { text: 'a "quoted" \\ back\nslash' },
  { 名: "羚", n: 1e21 },
  { none: null, yes: true },
  { list: ["two", 1] },
  { list: [{ three: [4] }] },
  { list: [{ deep: {} }], __proto: { a: { b: [] } } },
  {},
])("are all in the text of what contains %j", (wanted) => {
  expect(jsonContains(HAVE, wanted)).toBe(true);
  const text = JSON.stringify(HAVE);
  for (const leaf of leafTexts(wanted)) expect(text).toContain(leaf);
});

it("tell a value from another", () => {
  expect(leafTexts({ user: "u1", deep: { n: 1 } })).toEqual(['"user":"u1"', '"deep":', '"n":1']);
});
