import { describe, expect, it } from "vitest";
import { columnsOf, tableLines } from "./table.ts";

describe("tableLines", () => {
  it("sets columns below each other, whatever signs are in the cells", () => {
    const lines = tableLines([
      ["id", "state"],
      ["通义千问", "ready"],
      ["ｗｉｄｅ", "ready"],
      ["モデル한국", "ready"],
      ["😀 ok", "ready"],
      ["cafe\u0301", "ready"],
      ["a", "ready"],
    ]);
    const columns = lines.slice(1).map((line) => columnsOf(line.slice(0, line.indexOf("ready"))));
    expect(new Set(columns)).toEqual(new Set([columnsOf("モデル한국") + 2]));
    expect(lines[0]).toBe("id          state");
  });

  it("lets no cell move the cursor, change colours or start a line", () => {
    const [, line] = tableLines([["a"], ["x\u001b[31m\nred\u202e"]]);
    expect(line).toBe("x\uFFFD[31m red\uFFFD");
  });
});
