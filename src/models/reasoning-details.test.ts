import { describe, expect, it } from "vitest";
import { ReasoningDetails } from "./reasoning-details.ts";

function joined(...pieces: unknown[]) {
  const details = new ReasoningDetails();
  for (const piece of pieces) details.read(piece);
  return details.whole;
}

const text = (said: string, rest: object = {}) => ({ type: "reasoning.text", text: said, ...rest });
const sealed = (data: string, rest: object = {}) => ({
  type: "reasoning.encrypted",
  data,
  ...rest,
});

describe("ReasoningDetails", () => {
  it("joins the pieces of one index and keeps what is said once", () => {
    const format = { format: "f" };
    expect(
      joined(
        [text("a", { index: 0, ...format, signature: null })],
        [text("b", { index: 0, ...format })],
        [text("", { index: 0, signature: "s" }), text("c", { index: 1 })],
      ),
    ).toEqual([text("ab", { index: 0, ...format, signature: "s" }), text("c", { index: 1 })]);
  });

  it("joins pieces without an index to the last of their type", () => {
    expect(joined([text("a")], [text("b")])).toEqual([text("ab")]);
    expect(joined([{ type: "reasoning.summary", summary: "a" }], [text("b")])).toHaveLength(2);
  });

  it("never joins encrypted pieces, which are whole by nature, unless one index says so", () => {
    expect(joined([sealed("a")], [sealed("b")])).toEqual([sealed("a"), sealed("b")]);
    expect(joined([sealed("a", { index: 2 })], [sealed("b", { index: 2 })])).toEqual([
      sealed("ab", { index: 2 }),
    ]);
  });

  it("is nothing where there was nothing", () => {
    expect(joined(undefined, null, [], [null])).toBeUndefined();
  });
});
