import { describe, expect, it } from "vitest";
import { withKey } from "./json-edit.ts";

const VALUE = { tools: true };

describe("withKey", () => {
  it.each([
    ['{"a": 1}', '{"a": 1, "c": {"tools":true}}'],
    ["{}", '{"c": {"tools":true}}'],
    [' { "a" : "}\\"" } ', ' { "a" : "}\\"", "c": {"tools":true} } '],
    ['{"c": [1, {"c": 2}], "b": null}', '{"c": {"tools":true}, "b": null}'],
    ['{"b": {"c": 1}}', '{"b": {"c": 1}, "c": {"tools":true}}'],
    ['{"c":true,"b":-1e5}', '{"c":{"tools":true},"b":-1e5}'],
    ['{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "c": {\n    "tools": true\n  }\n}\n'],
    ['{\n\t"c": 1\n}', '{\n\t"c": {\n\t\t"tools": true\n\t}\n}'],
    ['{\r\n "a": []\r\n}', '{\r\n "a": [],\r\n "c": {\r\n  "tools": true\r\n }\r\n}'],
    ['\uFEFF{"a": 1}', '\uFEFF{"a": 1, "c": {"tools":true}}'],
  ])("sets one key of %j", (before, after) => {
    expect(withKey(before, "c", VALUE)).toBe(after);
    expect(JSON.parse(after.replace("\uFEFF", ""))).toMatchObject({ c: VALUE });
  });

  it("refuses what is no object", () => {
    expect(() => withKey("[]", "c", VALUE)).toThrow("expected a JSON object");
  });
});
