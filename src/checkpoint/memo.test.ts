import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { Memo } from "./memo.ts";

const message = () =>
  new AIMessage({
    id: "1",
    content: [{ type: "text", text: "hello" }],
    tool_calls: [{ id: "c", name: "add", args: { a: 1 } }],
    additional_kwargs: { note: "n" },
  });

describe("a memo", () => {
  it("finds an object that is what it was, and no equal one", () => {
    const memo = new Memo();
    const known = message();
    expect(memo.remember(known, "@1")).toBe(true);
    expect(memo.find(known)).toBe("@1");
    expect(memo.find(message())).toBeUndefined();
    expect(memo.find("text")).toBeUndefined();
    expect(memo.find(null)).toBeUndefined();
  });

  it.each<[string, (changed: AIMessage) => void]>([
    ["its content", (changed) => void (changed.content = "other")],
    ["its id", (changed) => void (changed.id = "2")],
    ["an argument", (changed) => void Object.assign(changed.tool_calls?.[0]?.args ?? {}, { a: 2 })],
    ["a key within", (changed) => void (changed.additional_kwargs["more"] = 1)],
    ["a key that is gone", (changed) => void delete changed.additional_kwargs["note"]],
    ["a list that grew", (changed) => void changed.tool_calls?.push({ name: "x", args: {} })],
    ["a list that shrank", (changed) => void changed.tool_calls?.pop()],
  ])("no longer finds a message after a change of %s", (_, change) => {
    const memo = new Memo();
    const known = message();
    memo.remember(known, "@1");
    change(known);
    expect(memo.find(known)).toBeUndefined();
  });

  it("tells apart what looks alike", () => {
    const pairs: [unknown, unknown][] = [
      [[], {}],
      [[undefined], []],
      [{ a: "{" }, { a: {} }],
      [{ a: { b: 1 }, c: 2 }, { a: { b: 1, c: 2 } }],
      [[[1], 2], [[1, 2]]],
      [0, -0],
      [1, "1"],
    ];
    for (const [before, after] of pairs) {
      const memo = new Memo();
      const known = { part: before };
      memo.remember(known, "@1");
      known.part = after;
      expect(memo.find(known)).toBeUndefined();
    }
  });

  it("takes no object whose changes it could not see", () => {
    const memo = new Memo();
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    for (const value of [
      new Map(),
      { part: new Set([1]) },
      { part: new Date(0) },
      { part: () => 1 },
      new HumanMessage({ content: "x", additional_kwargs: { part: new Map() } }),
      { long: Array.from({ length: 1000 }, (_, n) => n) },
      circle,
    ]) {
      expect(memo.remember(value, "@1")).toBe(false);
      expect(memo.find(value)).toBeUndefined();
    }
  });
});
