import { AIMessage, AIMessageChunk, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { Command, Send } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { Memo } from "../checkpoint/memo.ts";
import type { JsonObject } from "../core/json.ts";
import { messageDict, toJson } from "./wire.ts";

class Own {
  readonly name = "own";
  readonly missing = undefined;
  readonly inner = new Date(0);
}

describe("toJson", () => {
  it.each<[string, unknown]>([
    ["plain values", [null, true, "a", 1.5, "\ud800\u0000"]],
    ["what JSON has no number for", [-0, Infinity, NaN]],
    ["what JSON leaves out", { a: undefined, b: () => 1, c: Symbol("c"), d: [undefined, () => 1] }],
    // oxlint-disable-next-line no-sparse-arrays -- a graph may make one
    ["a list with holes", [1, , 2]],
    ["boxed values", [Object(1), Object("a"), Object(false)]],
    ["dates and what else writes itself", { at: new Date(0), bytes: Buffer.from("a") }],
    ["objects of a class", new Own()],
    ["an object without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["bytes", new Uint8Array([1, 2])],
    ["a key that would set the prototype", JSON.parse('{"__proto__":{"a":1}}')],
    ["sends", [new Send("a", { b: 1 })]],
    ["nothing", undefined],
  ])("copies %s as JSON.stringify does", (_, value) => {
    const text = JSON.stringify(value) ?? "null";
    expect(JSON.stringify(toJson(value))).toBe(text);
  });

  it("writes messages as flat dicts, wherever they are", () => {
    const human = new HumanMessage({ id: "1", content: "hi" });
    const dict = { content: "hi", additional_kwargs: {}, response_metadata: {}, id: "1" };
    expect(toJson(human)).toEqual({ ...dict, type: "human" });
    const update = new Command({ update: { messages: [human] } });
    expect(JSON.stringify(toJson({ update, send: new Send("a", [human]) }))).not.toContain('"lc":');
    const tool = new ToolMessage({ id: "2", content: "4", tool_call_id: "c", artifact: [human] });
    expect(toJson([tool])).toMatchObject([
      { type: "tool", tool_call_id: "c", artifact: [{ ...dict, type: "human" }] },
    ]);
  });

  it("says what JSON has no word for", () => {
    const value = { map: new Map([["a", 1n]]), set: new Set([1]), error: new TypeError("no") };
    expect(toJson(value)).toEqual({
      map: { a: "1" },
      set: [1],
      error: { error: "TypeError", message: "no" },
    });
  });

  it("refuses what refers to itself", () => {
    const self: unknown[] = [];
    self.push({ self });
    expect(() => toJson(self)).toThrow("refers to itself");
  });

  it("makes the dict of a message once, and again after a change", () => {
    const dicts = new Memo<JsonObject>();
    const message = new AIMessage({ id: "1", content: "a" });
    const list = [message];
    const [first] = toJson(list, dicts) as JsonObject[];
    expect((toJson(list, dicts) as JsonObject[])[0]).toBe(first);
    message.content = "b";
    expect(toJson(list, dicts)).toMatchObject([{ content: "b" }]);
    expect(first).toMatchObject({ content: "a" });
  });
});

it.each([
  [new AIMessageChunk({ content: "a" }), "AIMessageChunk"],
  [new AIMessage("a"), "ai"],
])("names a chunk as clients expect it", (message, type) => {
  expect(messageDict(message)).toMatchObject({ type, content: "a" });
});
