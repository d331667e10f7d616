import { AIMessage, HumanMessage, type AIMessageChunk } from "@langchain/core/messages";
import { RunnableLambda, RunnableSequence } from "@langchain/core/runnables";
import { ChatOpenAI } from "@langchain/openai";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { chatModel } from "../../src/models/chat.ts";
import { tools } from "../../src/tools/index.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const KEY = "test-key-a";
const schema = z.object({ city: z.string() });

const toolAnswer = (args: string): fake.Answer =>
  fake.completion(
    {
      content: null,
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "extract", arguments: args } },
      ],
    },
    "tool_calls",
  );

const callDelta = (fields: Record<string, unknown>) => fake.delta({ tool_calls: [fields] });

const logprobs = (token: string) => ({ content: [{ token, logprob: -0.1 }] });

const piece = (content: string, finish: string | null) => {
  const chunk = fake.delta({ content }, finish);
  return {
    ...chunk,
    choices: chunk.choices.map((choice) => ({ ...choice, logprobs: logprobs(content) })),
  };
};

describe("chatModel", () => {
  it("is a ChatOpenAI that answers with complete usage and its finish reason", async () => {
    await using provider = await fake.fakeProvider(fake.text("你好"));
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const model = chatModel();
    const answer = await model.invoke("hi", {
      configurable: { run_id: "r", thread_id: "t", assistant_id: "s" },
    });

    expect(model).toBeInstanceOf(ChatOpenAI);
    expect(answer.text).toBe("你好");
    expect(answer.response_metadata).toMatchObject({ finish_reason: "stop", model_name: "fake" });
    expect(answer.usage_metadata).toEqual({
      input_tokens: 11,
      output_tokens: 7,
      total_tokens: 18,
      input_token_details: { cache_read: 5 },
      output_token_details: { reasoning: 3 },
    });
    expect(runtime.used).toEqual([
      expect.objectContaining({
        modelId: "a",
        runId: "r",
        threadId: "t",
        assistantId: "s",
        promptTokens: 11,
        completionTokens: 7,
        totalTokens: 18,
        cachedTokens: 5,
        reasoningTokens: 3,
        estimated: false,
        status: "success",
        usage: expect.objectContaining({ prompt_tokens: 11 }),
      }),
    ]);
  });

  it.each(["auto", "always"])(
    "keeps its usage when stored (stream_upstream: %s)",
    async (wanted) => {
      await using provider = await fake.fakeProvider(fake.text("ok"));
      using _ = testRuntime({ a: { url: provider.url, api_key: KEY, stream_upstream: wanted } });
      const { kwargs } = JSON.parse(JSON.stringify(await chatModel().invoke("hi")));
      expect(kwargs.usage_metadata).toMatchObject({ input_tokens: 11, output_tokens: 7 });
    },
  );

  it("streams, keeps usage where the first delta has no role, and records the call once", async () => {
    const chunks = [
      fake.delta({ reasoning: "hm" }),
      fake.delta({ reasoning_content: "m" }),
      fake.delta({ content: "a" }),
      fake.delta({ content: "b" }, "stop"),
      fake.usageChunk(),
    ];
    await using provider = await fake.fakeProvider(fake.stream(chunks));
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const whole = await collect(await chatModel().stream("hi"));

    expect(whole?.text).toBe("ab");
    expect(whole?.additional_kwargs["reasoning_content"]).toBe("hmm");
    expect(whole?.usage_metadata).toMatchObject({ input_tokens: 11, output_tokens: 7 });
    expect(whole?.response_metadata["finish_reason"]).toBe("stop");
    expect(provider.lastBody).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(runtime.used).toHaveLength(1);
  });

  it("estimates where the provider sends no usage, and says so in the message too", async () => {
    await using provider = await fake.fakeProvider(
      fake.stream([fake.delta({ content: "hello there" }, "stop")]),
    );
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const whole = await collect(await chatModel().stream("hi"));

    expect(runtime.used).toMatchObject([{ estimated: true, usage: null, status: "success" }]);
    const [used] = runtime.used;
    expect(used?.completionTokens).toBeGreaterThan(0);
    expect(whole?.usage_metadata).toMatchObject({
      input_tokens: used?.promptTokens,
      output_tokens: used?.completionTokens,
      total_tokens: used?.totalTokens,
    });
    expect(whole?.response_metadata["kagari"]).toMatchObject({ model: "a", estimated: true });
  });

  it("takes explicit settings over context over configurable over the config", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({
      a: { url: provider.url, api_key: KEY, model: "model-a" },
      b: { url: provider.url, api_key: KEY, model: "model-b", temperature: 0.3, out_tokens: 50 },
    });
    const config = {
      configurable: { model: "b", temperature: 0.1, max_tokens: 20 },
      context: { temperature: 0.2 },
    };
    await chatModel().invoke("hi");
    await chatModel().invoke("hi", config);
    await chatModel({ model: "a", temperature: 0.9 }).invoke("hi", config);
    await chatModel().invoke("hi", { configurable: { model: "b", max_tokens: 99 } });

    expect(
      provider.requests.map(({ body }) => [body["model"], body["temperature"], body["max_tokens"]]),
    ).toEqual([
      ["model-a", undefined, undefined],
      ["model-b", 0.2, 20],
      ["model-a", 0.9, 20],
      ["model-b", 0.3, 50],
    ]);
  });

  it("finds the run's context through bindTools, withStructuredOutput, withConfig and sequences in a graph", async () => {
    await using provider = await fake.fakeProvider(toolAnswer('{"city":"Oslo"}'));
    using _ = testRuntime({
      a: { url: provider.url, api_key: KEY, model: "model-a" },
      b: { url: provider.url, api_key: KEY, model: "model-b" },
    });
    const model = chatModel();
    const node = async () => {
      await model.bindTools(tools("clock")).invoke("hi");
      await model.withStructuredOutput(schema).invoke("hi");
      await model.withConfig({ stop: ["x"] }).invoke("hi");
      await RunnableSequence.from([RunnableLambda.from(() => "hi"), model]).invoke({});
      return {};
    };
    const Context = z.object({ model: z.string() });
    const graph = new StateGraph(MessagesAnnotation, Context)
      .addNode("n", node)
      .addEdge(START, "n")
      .compile();
    await graph.invoke({ messages: [] }, { context: { model: "b" } });
    await graph.invoke({ messages: [] }, { configurable: { model: "b" } });

    expect(provider.requests.map(({ body }) => body["model"])).toEqual(Array(8).fill("model-b"));
    expect(provider.requests[0]?.body["tools"]).toMatchObject([{ function: { name: "clock" } }]);
    expect(provider.requests[2]?.body["stop"]).toEqual(["x"]);
  });

  it("returns structured output by a forced tool call", async () => {
    await using provider = await fake.fakeProvider(toolAnswer('{"city":"Oslo"}'));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const answer = await chatModel()
      .withStructuredOutput(schema, { name: "extract" })
      .invoke("where?");

    expect(answer).toEqual({ city: "Oslo" });
    expect(provider.lastBody["tool_choice"]).toEqual({
      type: "function",
      function: { name: "extract" },
    });
    expect(JSON.stringify(provider.lastBody["tools"])).not.toContain("$schema");
  });

  it.each([
    ["any", "required"],
    ["auto", "auto"],
    ["clock", { type: "function", function: { name: "clock" } }],
  ])("says tool_choice %j of a bound tool in the words of the wire", async (choice, sent) => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    await chatModel().bindTools(tools("clock"), { tool_choice: choice }).invoke("hi");
    expect(provider.lastBody["tool_choice"]).toEqual(sent);
  });

  it("puts together tool calls whose deltas have an empty id, no name and no index", async () => {
    const chunks = [
      callDelta({
        index: 0,
        id: "c1",
        type: "function",
        function: { name: "clock", arguments: "" },
      }),
      callDelta({ index: 0, id: "", function: { name: null, arguments: '{"timezone":' } }),
      callDelta({ id: "", function: { name: "", arguments: '"UTC"}' } }),
      callDelta({ index: 0, id: "c2", function: { name: "calculator", arguments: '{"input":' } }),
      callDelta({ index: 0, id: "", function: { arguments: '"1+1"}' } }),
      fake.delta({}, "tool_calls"),
      fake.usageChunk(),
    ];
    await using provider = await fake.fakeProvider(fake.stream(chunks));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const whole = await collect(await chatModel().bindTools(tools("clock")).stream("hi"));

    expect(whole?.tool_calls).toMatchObject([
      { id: "c1", name: "clock", args: { timezone: "UTC" } },
      { id: "c2", name: "calculator", args: { input: "1+1" } },
    ]);
  });

  it("keeps two models apart that are called at the same time", async () => {
    await using one = await fake.fakeProvider(fake.text("one"));
    await using two = await fake.fakeProvider(fake.text("two"));
    using runtime = testRuntime({
      a: { url: one.url, api_key: "test-key-a", model: "model-a" },
      b: { url: two.url, api_key: "test-key-b", model: "model-b" },
    });
    const model = chatModel();
    const ask = async (id: string) =>
      (await model.invoke("hi", { configurable: { model: id } })).text;
    const answers = await Promise.all(["a", "b", "a", "b"].map(ask));

    expect(answers).toEqual(["one", "two", "one", "two"]);
    expect(keysOf(one)).toEqual(["Bearer test-key-a", "Bearer test-key-a"]);
    expect(keysOf(two)).toEqual(["Bearer test-key-b", "Bearer test-key-b"]);
    expect(runtime.used.map(({ modelId }) => modelId).toSorted()).toEqual(["a", "a", "b", "b"]);
  });

  it("closes the upstream connection on abort, stays an abort error and records a cancelled call", async () => {
    await using provider = await fake.fakeProvider(
      fake.stream([fake.delta({ content: "par" })], { isOpen: true }),
    );
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const controller = new AbortController();
    const failure = (async () => {
      for await (const _ of await chatModel().stream("hi", { signal: controller.signal }))
        controller.abort();
    })();

    await expect(failure).rejects.toMatchObject({ name: "AbortError" });
    await provider.clientClosed();
    expect(runtime.used).toMatchObject([{ status: "cancelled", estimated: true }]);
  });

  it("closes the upstream connection when the reader leaves the stream", async () => {
    const chunks = Array(5).fill(fake.delta({ content: "par" }));
    await using provider = await fake.fakeProvider(fake.stream(chunks, { isOpen: true }));
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    for await (const _ of await chatModel().stream("hi")) break;

    await provider.clientClosed();
    expect(runtime.used).toMatchObject([{ status: "cancelled" }]);
  });

  it("streams from DashScope where thinking is on, even for a caller who does not stream", async () => {
    const chunks = [
      fake.delta({ role: "assistant", content: null, reasoning_content: "hm" }),
      fake.delta({ content: "ok", reasoning_content: null }),
      fake.delta({ content: "" }, "stop"),
      fake.usageChunk(),
    ];
    await using provider = await fake.fakeProvider(fake.stream(chunks));
    using runtime = testRuntime({
      a: { url: provider.url, api_key: KEY, dialect: "dashscope", no_think: false },
    });
    const answer = await chatModel().invoke("hi");

    expect(provider.lastBody).toMatchObject({ stream: true, enable_thinking: true });
    expect(AIMessage.isInstance(answer)).toBe(true);
    expect(answer.text).toBe("ok");
    expect(answer.additional_kwargs["reasoning_content"]).toBe("hm");
    expect(answer.usage_metadata).toMatchObject({ total_tokens: 18 });
    expect(runtime.used).toHaveLength(1);
  });

  it("never reuses a provider's message id, which some servers repeat", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const [first, second] = [await chatModel().invoke("a"), await chatModel().invoke("b")];

    expect(first.id).toBeDefined();
    expect(first.id).not.toBe(second.id);
  });

  it("gives LangChain's event stream regular tool calls, reasoning and usage", async () => {
    const chunks = [
      fake.delta({ reasoning: "hm" }),
      callDelta({ id: "c1", function: { name: "clock", arguments: '{"timezone":' } }),
      callDelta({ id: "", function: { name: "", arguments: '"UTC"}' } }),
      fake.delta({}, "tool_calls"),
      fake.usageChunk(),
    ];
    await using provider = await fake.fakeProvider(fake.stream(chunks));
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const message = await chatModel().streamEvents("hi");

    expect(message.tool_calls).toMatchObject([
      { id: "c1", name: "clock", args: { timezone: "UTC" } },
    ]);
    expect(message.usage_metadata).toMatchObject({ total_tokens: 18 });
    expect(JSON.stringify(message.content)).toContain('"reasoning":"hm"');
    expect(runtime.used).toMatchObject([{ status: "success", totalTokens: 18 }]);
  });

  it("serves LangGraph's prebuilt agent", async () => {
    using runtime = testRuntime({ demo: { server_type: "demo" } });
    const agent = createReactAgent({ llm: chatModel(), tools: tools("calculator") });
    const { messages } = await agent.invoke({ messages: [new HumanMessage("what is 12*7")] });

    expect(messages.at(-1)?.text).toContain("84");
    expect(runtime.used).toHaveLength(2);
  });

  it("keeps logprobs, streamed and whole", async () => {
    await using provider = await fake.fakeProvider(
      fake.stream([piece("a", null), piece("b", "stop")]),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY, logprobs: true } });
    const whole = await collect(await chatModel().stream("hi"));

    expect(provider.lastBody["logprobs"]).toBe(true);
    expect(whole?.response_metadata["logprobs"]).toMatchObject({
      content: [{ token: "a" }, { token: "b" }],
    });
  });

  it("counts tokens without any network", async () => {
    expect(await chatModel().getNumTokens("你好 world")).toBeGreaterThan(0);
    const { totalCount } = await chatModel().getNumTokensFromMessages([new HumanMessage("hello")]);
    expect(totalCount).toBeGreaterThan(0);
  });

  it("shows no key in any serialised form", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const seen: string[] = [];
    const handler = {
      handleChatModelStart: (...args: unknown[]) => void seen.push(JSON.stringify(args)),
    };
    const model = chatModel();
    await model.invoke("hi", { callbacks: [handler] });

    expect(seen).toHaveLength(1);
    expect(`${seen.join("")}${JSON.stringify(model)}`).not.toContain(KEY);
  });
});

const keysOf = (provider: fake.FakeProvider) =>
  provider.requests.map(({ headers }) => headers.authorization);

async function collect(chunks: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk | undefined> {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of chunks) whole = whole ? whole.concat(chunk) : chunk;
  return whole;
}
