import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { expect, it } from "vitest";
import { estimateMessage, estimateText } from "./estimate.ts";

it("counts Chinese by the character and other text by the word's length", () => {
  expect(estimateText("你好世界你好世界你好")).toBe(7);
  expect(estimateText("x".repeat(37))).toBe(10);
  expect(estimateText("")).toBe(0);
});

it("counts tool calls, parts and what each message adds", () => {
  const plain = estimateMessage(new HumanMessage("hello"));
  const calls = [{ id: "c", name: "clock", args: { timezone: "Asia/Shanghai" } }];
  expect(plain).toBe(4 + 2);
  expect(estimateMessage(new AIMessage({ content: "hello", tool_calls: calls }))).toBeGreaterThan(
    plain + 10,
  );
  const image = { type: "image_url", image_url: { url: "http://x/y.png" } };
  expect(
    estimateMessage(new HumanMessage({ content: [{ type: "text", text: "hello" }, image] })),
  ).toBe(plain + 1000);
});
