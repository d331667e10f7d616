import { AIMessage, type AIMessageChunk } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import { tools } from "../../src/tools/index.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const callOf = (args: string) => ({
  tool_calls: [
    { index: 0, id: "c1", type: "function", function: { name: "calculator", arguments: args } },
  ],
});

/** A call with these arguments, whole or in two pieces. */
const answer =
  (args: string, finish: string): fake.Answer =>
  (response, request) => {
    const cut = Math.floor(args.length / 2);
    const rest = { index: 0, function: { arguments: args.slice(cut) } };
    const streamed = fake.stream([
      fake.delta({ role: "assistant", ...callOf(args.slice(0, cut)) }),
      fake.delta({ tool_calls: [rest] }),
      fake.delta({}, finish),
      fake.usageChunk(),
    ]);
    const whole = fake.completion({ content: null, ...callOf(args) }, finish);
    (request.body["stream"] === true ? streamed : whole)(response, request);
  };

async function bothWays(args: string, finish = "tool_calls"): Promise<AIMessage[]> {
  await using provider = await fake.fakeProvider(answer(args, finish));
  using _ = testRuntime({ a: { url: provider.url, api_key: "k", retries: 0 } });
  const model = chatModel().bindTools(tools("calculator"));
  const chunks: AIMessageChunk[] = [];
  for await (const chunk of await model.stream("hi")) chunks.push(chunk);
  return [await model.invoke("hi"), chunks.reduce((whole, chunk) => whole.concat(chunk))];
}

describe("the arguments of a tool call", () => {
  it.each([
    ["cut off", '{"input":"1+1","b":'],
    ["no JSON", "input=1+1"],
    ["JSON with a trailing comma", '{"input":"1+1",}'],
    ["no object", '"1+1"'],
    ["a list", "[1]"],
  ])("that are %s are never mended into a call", async (_, args) => {
    for (const message of await bothWays(args)) {
      expect(message.tool_calls).toEqual([]);
      expect(message.invalid_tool_calls).toMatchObject([{ id: "c1", name: "calculator", args }]);
    }
  });

  it("that are whole, or none at all, are a call", async () => {
    for (const message of await bothWays('{"input":"1+1"}')) {
      expect(message.tool_calls).toMatchObject([{ id: "c1", args: { input: "1+1" } }]);
      expect(message.invalid_tool_calls).toEqual([]);
    }
    for (const message of await bothWays(" "))
      expect(message.tool_calls).toMatchObject([{ name: "calculator", args: {} }]);
  });

  it("that were cut at the token limit are refused with what to do", async () => {
    await expect(bothWays('{"input":"1+', "length")).rejects.toMatchObject({
      name: "UpstreamError",
      kind: "cut",
      retryable: false,
      message: expect.stringContaining("max_tokens"),
    });
  });

  it("stay as they were when the answer is stored and read again", async () => {
    await using provider = await fake.fakeProvider(answer('{"input":"1+1","b":', "tool_calls"));
    using _ = testRuntime({ a: { url: provider.url, api_key: "k", stream_upstream: "always" } });
    const message = await chatModel().invoke("hi");
    const { kwargs } = JSON.parse(JSON.stringify(message));
    const again = new AIMessage(kwargs);
    expect(again.tool_calls).toEqual([]);
    expect(again.invalid_tool_calls).toHaveLength(1);
  });
});
