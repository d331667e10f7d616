import { describe, expect, it } from "vitest";
import { checkShape } from "./json-shape.ts";

const check = (text: string) => () => checkShape(Buffer.from(text));
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const PADDING = " ".repeat(100);

describe("checkShape", () => {
  it.each([
    nested(64) + PADDING,
    JSON.stringify({ a: nested(100) }),
    JSON.stringify({ a: `\\"${nested(100)}` }),
    JSON.stringify({ a: `\\\\\\${nested(100)}` }),
    `[${"[],".repeat(1000)}[]]`,
    JSON.stringify({ a: ",".repeat(300_000) }),
    `"never closed ${nested(100)}`,
  ])("lets through what is neither deep nor long: %#", (text) => {
    expect(check(text)).not.toThrow();
  });

  it.each([nested(65), `{"a\\"b": ${nested(64)}}`, `{"a\\\\": ${nested(64)}}`])(
    "refuses what is too deep: %#",
    (text) => {
      expect(check(text)).toThrow("deeper than 64");
    },
  );

  it("refuses what has too many values", () => {
    expect(check(`[${"1,".repeat(250_001)}1]`)).toThrow("more than 250000 values");
  });
});
