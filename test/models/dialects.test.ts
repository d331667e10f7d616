import {
  AIMessage,
  HumanMessage,
  ToolMessage,
  type AIMessageChunk,
} from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import { tools } from "../../src/tools/index.ts";
import type { Loose } from "../support/calls.ts";
import {
  COUNTS,
  fieldsOf,
  messagesSent,
  SHAPES,
  shapedProvider,
  type Shape,
} from "../support/provider-shapes/index.ts";
import { testRuntime } from "./support.ts";

const KEY = "test-key-a";
const THOUGHT = "嗯，let me\nthink";
const TEXT = "答案 is 84.";
const CALCULATOR = { name: "calculator", args: { expression: "12*7" } };
const CALLS = [CALCULATOR, { name: "clock", args: {} }];

const names = Object.keys(SHAPES);
const shapeOf = (name: string): Shape => SHAPES[name] ?? expect.fail(name);
/** OpenAI shows no reasoning at all; Ollama counts neither cache nor reasoning. */
const thoughtOf = (name: string) => (name === "openai" ? undefined : THOUGHT);
const countsOf = (name: string) => ({
  input_tokens: COUNTS.prompt,
  output_tokens: COUNTS.answer,
  total_tokens: COUNTS.total,
  ...(name.startsWith("ollama")
    ? {}
    : {
        input_token_details: { cache_read: COUNTS.cached },
        output_token_details: { reasoning: COUNTS.reasoning },
      }),
});

type Ways = Record<string, () => Promise<AIMessage>>;

const ways = (model = chatModel()): Ways => ({
  invoke: () => model.invoke("hi"),
  stream: async () => {
    let all: AIMessageChunk | undefined;
    for await (const chunk of await model.stream("hi")) all = all ? all.concat(chunk) : chunk;
    return all ?? expect.fail("no chunk");
  },
});

async function served(name: string, ...replies: Parameters<typeof shapedProvider>[1][]) {
  const shape = shapeOf(name);
  const provider = await shapedProvider(shape, ...replies);
  const runtime = testRuntime({ a: { ...fieldsOf(shape, provider), api_key: KEY } });
  return {
    provider,
    used: runtime.used,
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

describe.each(names)("%s", (name) => {
  it("gives answer, reasoning, finish reason and usage the same, whole and streamed", async () => {
    await using s = await served(name, { reasoning: THOUGHT, text: TEXT });
    for (const [way, ask] of Object.entries(ways())) {
      const message = await ask();
      expect(message.content, way).toBe(TEXT);
      expect(message.additional_kwargs["reasoning_content"], way).toBe(thoughtOf(name));
      expect(message.response_metadata, way).toMatchObject({
        finish_reason: "stop",
        model_name: "fake-1",
      });
      expect(message.usage_metadata, way).toMatchObject(countsOf(name));
      const kinds = message.contentBlocks.map(({ type }) => type);
      expect(kinds, way).toEqual(thoughtOf(name) ? ["reasoning", "text"] : ["text"]);
    }
    expect(s.used).toMatchObject([
      { promptTokens: COUNTS.prompt, completionTokens: COUNTS.answer, estimated: false },
      { promptTokens: COUNTS.prompt, completionTokens: COUNTS.answer, estimated: false },
    ]);
    expect(s.provider.requests[0]?.path).toBe(shapeOf(name).path ?? "/v1/chat/completions");
    expect(s.provider.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  it("gives tool calls with ids of their own, whole and streamed", async () => {
    await using _ = await served(name, { reasoning: THOUGHT, calls: CALLS });
    for (const [way, ask] of Object.entries(ways())) {
      const message = await ask();
      expect(message.tool_calls, way).toMatchObject(CALLS);
      const ids = message.tool_calls?.map(({ id }) => id) ?? [];
      expect(new Set(ids.filter(Boolean)).size, way).toBe(2);
      expect(message.text, way).toBe("");
      expect(message.response_metadata["finish_reason"], way).toBe("tool_calls");
    }
  });

  it("gives LangChain's event stream the same", async () => {
    await using _ = await served(name, { reasoning: THOUGHT, text: TEXT, calls: CALLS });
    const message = await chatModel().streamEvents("hi");
    expect(message.tool_calls).toMatchObject(CALLS);
    expect(message.usage_metadata).toMatchObject(countsOf(name));
    const blocks = message.content as Loose[];
    expect(blocks.find(({ type }) => type === "text")).toMatchObject({ text: TEXT });
    expect(blocks.find(({ type }) => type === "reasoning")?.reasoning).toBe(thoughtOf(name));
  });

  it("goes on after a tool call, with the reasoning sent back where it is wanted and nowhere else", async () => {
    await using s = await served(name, { reasoning: THOUGHT, calls: [CALCULATOR] }, { text: TEXT });
    const model = chatModel().bindTools(tools("calculator"));
    const question = new HumanMessage("12*7?");
    const asked = await model.invoke([question]);
    const [call] = asked.tool_calls ?? [];
    const result = new ToolMessage({ tool_call_id: call?.id ?? "", content: "84" });
    const old = new AIMessage({
      content: "earlier",
      additional_kwargs: { reasoning_content: "old" },
    });
    const answer = await model.invoke([question, old, question, asked, result]);

    expect(answer.text).toBe(TEXT);
    const sent: Loose[] = messagesSent(shapeOf(name), s.provider.lastBody);
    expect(sent.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "user",
      "assistant",
      "tool",
    ]);
    expect(sent[3].tool_calls).toHaveLength(1);
    expect(reasoningIn(sent[3])).toEqual(SENT_BACK[name]?.(THOUGHT) ?? {});
    const isAlways = name === "moonshot" || name === "openrouter";
    expect(Object.keys(reasoningIn(sent[1])).length > 0).toBe(isAlways);
    for (const message of sent) expect(message.content).not.toContain(THOUGHT);
  });
});

const FIELDS = ["reasoning_content", "reasoning", "reasoning_details", "thinking"];

const reasoningIn = (message: Loose): Loose =>
  Object.fromEntries(Object.entries(message).filter(([key]) => FIELDS.includes(key)));

/** What each provider gets back of the reasoning before a tool call. */
const SENT_BACK: Record<string, (thought: string) => Loose> = {
  zhipu: (reasoning_content) => ({ reasoning_content }),
  deepseek: (reasoning_content) => ({ reasoning_content }),
  moonshot: (reasoning_content) => ({ reasoning_content }),
  llamacpp: (reasoning_content) => ({ reasoning_content }),
  ollama: (reasoning) => ({ reasoning }),
  ollama_native: (thinking) => ({ thinking }),
  "openai over responses": (thought) => ({
    reasoning_details: [
      {
        id: "rs_1",
        type: "reasoning",
        summary: [{ type: "summary_text", text: thought }],
        encrypted_content: `sealed ${thought}`,
      },
    ],
  }),
  openrouter: (text) => ({
    reasoning_details: [
      {
        type: "reasoning.text",
        text,
        index: 0,
        format: "anthropic-claude-v1",
        signature: "signed",
      },
    ],
  }),
};

describe("sending reasoning back", () => {
  const history = [
    new HumanMessage("hi"),
    new AIMessage({
      content: "",
      tool_calls: [{ id: "c1", name: "clock", args: {} }],
    }),
    new ToolMessage({ tool_call_id: "c1", content: "noon" }),
  ];

  it("gives DeepSeek V4 an empty string where a turn with tool calls has no reasoning", async () => {
    await using s = await served("deepseek", { text: TEXT });
    await chatModel().invoke(history);
    expect((s.provider.lastBody["messages"] as Loose[])[1].reasoning_content).toBe("");
  });

  it("gives back the answer's reasoning too where its turn called a tool, and none of other turns", async () => {
    await using s = await served("deepseek", { text: TEXT });
    const thought = (text: string) =>
      new AIMessage({ content: "x", additional_kwargs: { reasoning_content: text } });
    const talk = [new HumanMessage("so?"), thought("of talk"), new HumanMessage("and?")];
    await chatModel().invoke([...history, thought("of tools"), ...talk]);
    const sent = s.provider.lastBody["messages"] as Loose[];
    expect(sent.map((message) => message.reasoning_content)).toEqual([
      undefined,
      "",
      undefined,
      "of tools",
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("never gives R1 its reasoning, which it refuses", async () => {
    const shape = shapeOf("deepseek");
    await using provider = await shapedProvider(
      { ...shape, refuses: () => undefined },
      { text: TEXT },
    );
    using _ = testRuntime({
      a: { ...fieldsOf(shape, provider), model: "deepseek-reasoner", api_key: KEY },
    });
    const thought = new AIMessage({ content: "x", additional_kwargs: { reasoning_content: "t" } });
    await chatModel().invoke([...history, thought, new HumanMessage("go on")]);
    expect(JSON.stringify(provider.lastBody)).not.toContain("reasoning_content");
  });

  it("obeys reasoning.send_back, and finds reasoning in content blocks too", async () => {
    const shape = shapeOf("vllm");
    await using provider = await shapedProvider(shape, { text: TEXT });
    using _ = testRuntime({
      a: { ...fieldsOf(shape, provider), api_key: KEY, reasoning: { send_back: "always" } },
      b: { ...fieldsOf(shape, provider), api_key: KEY, reasoning: { send_back: "never" } },
    });
    const blocks = new AIMessage({
      content: [
        { type: "reasoning", reasoning: "by block" },
        { type: "text", text: "said" },
      ],
    });
    const messages = [new HumanMessage("hi"), blocks, new HumanMessage("and?")];
    await chatModel().invoke(messages);
    expect((provider.lastBody["messages"] as Loose[])[1]).toEqual({
      role: "assistant",
      content: "said",
      reasoning_content: "by block",
    });
    await chatModel({ model: "b" }).invoke(messages);
    expect((provider.lastBody["messages"] as Loose[])[1]).toEqual({
      role: "assistant",
      content: "said",
    });
  });
});
