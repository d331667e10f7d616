import {
  AIMessage,
  FunctionMessage,
  ToolMessage,
  type AIMessageChunk,
} from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const KEY = "test-key-a";
const model = chatModel();

type Fields = Record<string, unknown>;

/** One message, sent whole or as these deltas, read both ways. */
async function bothWays(
  message: Fields,
  {
    deltas = [message],
    finish = "stop",
    fields = {},
  }: { deltas?: Fields[]; finish?: string; fields?: Fields } = {},
): Promise<AIMessage[]> {
  const streamed = fake.stream([
    ...deltas.map((each) => fake.delta(each)),
    fake.delta({}, finish),
    fake.usageChunk(),
  ]);
  const answer: fake.Answer = (response, request) =>
    (request.body["stream"] === true ? streamed : fake.completion(message, finish))(
      response,
      request,
    );
  await using provider = await fake.fakeProvider(answer);
  using _ = testRuntime({ a: { url: provider.url, api_key: KEY, ...fields } });
  const all = await collect(await model.stream("hi"));
  return [await model.invoke("hi"), all];
}

async function collect(chunks: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  const all: AIMessageChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all.reduce((whole, chunk) => whole.concat(chunk));
}

const reasoningOf = (message: AIMessage) => message.additional_kwargs["reasoning_content"];

describe("an answer, whole and streamed", () => {
  it.each<[string, Fields, Fields[], Fields, string, string | undefined]>([
    [
      "reasoning_content",
      { reasoning_content: "t", content: "x" },
      [{ reasoning_content: "t" }, { content: "x" }],
      {},
      "x",
      "t",
    ],
    [
      "reasoning",
      { reasoning: "t", content: "x" },
      [{ reasoning: "t" }, { content: "x" }],
      {},
      "x",
      "t",
    ],
    [
      "thinking",
      { thinking: "t", content: "x" },
      [{ thinking: "t" }, { content: "x" }],
      {},
      "x",
      "t",
    ],
    [
      "details only",
      { reasoning_details: [{ type: "reasoning.summary", summary: "t" }], content: "x" },
      [{ reasoning_details: [{ type: "reasoning.summary", summary: "t" }] }, { content: "x" }],
      {},
      "x",
      "t",
    ],
    [
      "parts of content",
      {
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "t" }] },
          { type: "text", text: "x" },
        ],
      },
      [
        { content: [{ type: "thinking", thinking: [{ type: "text", text: "t" }] }] },
        { content: [{ type: "text", text: "x" }] },
      ],
      {},
      "x",
      "t",
    ],
    [
      "a field that the file names",
      { cot: "t", content: "x" },
      [{ cot: "t" }, { content: "x" }],
      { reasoning: { field: "cot" } },
      "x",
      "t",
    ],
    [
      "a pair of tags",
      { content: "<think>t</think>x" },
      [{ content: "<thi" }, { content: "nk>t</think>" }, { content: "x" }],
      {},
      "x",
      "t",
    ],
    [
      "an empty pair",
      { content: "<think>\n\n</think>\n\nx" },
      [{ content: "<think>\n\n" }, { content: "</think>\n\nx" }],
      {},
      "x",
      undefined,
    ],
    [
      "tags never closed",
      { content: "<think>t" },
      [{ content: "<think>" }, { content: "t" }],
      {},
      "",
      "t",
    ],
    [
      "a closing tag, as the file says",
      { content: "t</think>x" },
      [{ content: "t</thi" }, { content: "nk>x" }],
      { reasoning: { parse: "think_open" } },
      "x",
      "t",
    ],
    [
      "no tag where the file says they are open",
      { content: "t" },
      [{ content: "t" }],
      { reasoning: { parse: "think_open" } },
      "",
      "t",
    ],
    [
      "no tag from a model that does not think now",
      { content: "x" },
      [{ content: "x" }],
      { reasoning: { parse: "think_open" }, no_think: true },
      "x",
      undefined,
    ],
    [
      "tags where the file says they are text",
      { content: "<think>t</think>x" },
      [{ content: "<think>t</think>x" }],
      { reasoning: { parse: "off" } },
      "<think>t</think>x",
      undefined,
    ],
    [
      "tags in the answer of a server that fills the field",
      { reasoning: "t", content: "<think>" },
      [{ reasoning: "t" }, { content: "<think>" }],
      {},
      "<think>",
      "t",
    ],
    [
      "tags within the answer",
      { content: "see <think>t</think>" },
      [{ content: "see <think>" }, { content: "t</think>" }],
      {},
      "see <think>t</think>",
      undefined,
    ],
    [
      "null content",
      { content: null, reasoning: "t" },
      [{ content: null, reasoning: "t" }],
      {},
      "",
      "t",
    ],
    [
      "content as an array",
      { content: [{ type: "text", text: "x" }, "y"] },
      [{ content: [{ type: "text", text: "x" }] }, { content: ["y"] }],
      {},
      "xy",
      undefined,
    ],
  ])("with %s", async (_, message, deltas, fields, content, reasoning) => {
    for (const answer of await bothWays(message, { deltas, fields })) {
      expect(answer.content).toBe(content);
      expect(reasoningOf(answer)).toBe(reasoning);
      expect(answer.response_metadata["finish_reason"]).toBe("stop");
    }
  });

  it("of OpenAI itself is text, tags and all", async () => {
    const fields = { dialect: "openai", model: "gpt-4o" };
    for (const answer of await bothWays({ content: "<think>t</think>x" }, { fields }))
      expect(answer.content).toBe("<think>t</think>x");
  });

  it("keeps an answer that a guess took for thinking", async () => {
    const raw = { server_type: "vllm", model: "Qwen3-4B-Thinking-2507" };
    for (const answer of await bothWays({ content: "just this" }, { fields: raw }))
      expect(answer.content).toBe("just this");
    for (const answer of await bothWays({ content: "t" }, { fields: raw, finish: "length" })) {
      expect(answer.content).toBe("");
      expect(reasoningOf(answer)).toBe("t");
    }
  });

  it("with the words of a model that declines", async () => {
    const deltas = [{ content: null, refusal: "I " }, { refusal: "cannot." }];
    for (const answer of await bothWays({ content: null, refusal: "I cannot." }, { deltas })) {
      expect(answer.content).toBe("");
      expect(answer.additional_kwargs["refusal"]).toBe("I cannot.");
    }
  });

  it("with the log probabilities of text that is held back", async () => {
    const piece = (content: string) => ({
      ...fake.delta({ content }),
      choices: [
        { index: 0, delta: { content }, logprobs: { content: [{ token: content, logprob: -1 }] } },
      ],
    });
    await using provider = await fake.fakeProvider(
      fake.stream([piece("<thi"), piece("s is it"), fake.delta({}, "stop")]),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY, logprobs: true } });
    const answer = await collect(await model.stream("hi"));
    expect(answer.content).toBe("<this is it");
    expect(answer.response_metadata["logprobs"]).toMatchObject({
      content: [{ token: "<thi" }, { token: "s is it" }],
    });
  });

  it("with what the provider says of its service", async () => {
    const service = { service_tier: "flex", system_fingerprint: "fp" };
    const chunks = [fake.delta({ content: "x" }), fake.delta({}, "stop"), fake.usageChunk()];
    const streamed = fake.stream(chunks.map((chunk) => ({ ...chunk, ...service })));
    const whole = fake.json({
      ...service,
      choices: [{ message: { content: "x" }, finish_reason: "stop" }],
    });
    await using provider = await fake.fakeProvider((response, request) =>
      (request.body["stream"] === true ? streamed : whole)(response, request),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    for (const answer of [await model.invoke("hi"), await collect(await model.stream("hi"))])
      expect(answer.response_metadata).toMatchObject(service);
  });

  it("with calls of the old functions", async () => {
    const call = { name: "f", arguments: '{"a":1}' };
    const deltas = [
      { function_call: { name: "f", arguments: '{"a"' } },
      { function_call: { arguments: ":1}" } },
    ];
    const answers = await bothWays(
      { content: null, function_call: call },
      { deltas, finish: "function_call" },
    );
    for (const answer of answers) expect(answer.additional_kwargs["function_call"]).toEqual(call);
  });

  it("with empty, object and doubly numbered tool calls", async () => {
    const calls = [
      { id: "same", function: { name: "f", arguments: "" } },
      { id: "", function: { name: "g", arguments: { a: 1 } } },
    ];
    for (const answer of await bothWays({ tool_calls: calls }, { finish: "tool_calls" })) {
      expect(answer.tool_calls).toMatchObject([
        { name: "f", args: {} },
        { name: "g", args: { a: 1 } },
      ]);
      const ids = answer.tool_calls?.map(({ id }) => id) ?? [];
      expect(ids[0]).toBe("same");
      expect(ids[1]).toMatch(/^call_/);
    }
    const twins = [calls[0], calls[0]].map((call) => ({
      ...call,
      function: { name: "f", arguments: "{}" },
    }));
    await using provider = await fake.fakeProvider(
      fake.completion({ tool_calls: twins }, "tool_calls"),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const ids = (await model.invoke("hi")).tool_calls?.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  it.each([{ capabilities: { streaming: false } }, { stream_upstream: "never" }])(
    "of a server whose streams are one whole answer, by %j",
    async (fields) => {
      await using provider = await fake.fakeProvider(
        fake.completion({ content: "<think>t</think>x" }),
      );
      using _ = testRuntime({
        a: { url: provider.url, api_key: KEY, ...fields },
      });
      const answer = await collect(await model.stream("hi"));
      expect(answer.content).toBe("x");
      expect(reasoningOf(answer)).toBe("t");
      expect(answer.usage_metadata).toMatchObject({ total_tokens: 18 });
      expect(provider.lastBody["stream"]).toBe(false);
    },
  );
});

describe("several answers", () => {
  const two = fake.json({
    id: "x",
    model: "fake",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "<think>t</think>A" },
        finish_reason: "stop",
      },
      { index: 1, message: { role: "assistant", content: "B" }, finish_reason: "stop" },
    ],
    usage: fake.USAGE,
  });

  it("are all given by generate", async () => {
    await using provider = await fake.fakeProvider(two);
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY, n: 2 } });
    const { generations } = await model.generate([["hi"].map((text) => new AIMessage(text))]);
    expect(generations[0]?.map(({ text }) => text)).toEqual(["A", "B"]);
    expect(provider.lastBody["n"]).toBe(2);
  });

  it("are one in a stream, even from a server that sends more", async () => {
    const second = {
      ...fake.delta({ content: "B" }),
      choices: [{ index: 1, delta: { content: "B" }, finish_reason: "stop" }],
    };
    await using provider = await fake.fakeProvider(
      fake.stream([fake.delta({ content: "A" }), second, fake.delta({}, "stop")]),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY, n: 2 } });
    const answer = await collect(await model.stream("hi"));
    expect(answer.content).toBe("A");
    expect(answer.response_metadata["finish_reason"]).toBe("stop");
    expect(provider.lastBody).not.toHaveProperty("n");
  });
});

describe("usage", () => {
  it.each<[string, Fields, Fields]>([
    ["OpenAI", { prompt_tokens_details: { cached_tokens: 5 } }, { cache_read: 5 }],
    [
      "OpenRouter's cache writes",
      { prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 2 } },
      { cache_read: 5, cache_creation: 2 },
    ],
    [
      "DashScope's cache writes",
      { prompt_tokens_details: { cached_tokens: 5, cache_creation_input_tokens: 2 } },
      { cache_read: 5, cache_creation: 2 },
    ],
    ["DeepSeek", { prompt_cache_hit_tokens: 5 }, { cache_read: 5 }],
    ["Moonshot", { cached_tokens: 5 }, { cache_read: 5 }],
    [
      "Anthropic behind a gateway",
      { cache_read_input_tokens: 5, cache_creation_input_tokens: 2 },
      { cache_read: 5, cache_creation: 2 },
    ],
  ])("of %s is found in its place, in all three kinds of call", async (_, extra, expected) => {
    const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, ...extra };
    const body = {
      choices: [{ index: 0, message: { content: "x" }, finish_reason: "stop" }],
      usage,
    };
    const streamed = fake.stream([fake.delta({ content: "x" }, "stop"), fake.usageChunk(usage)]);
    await using provider = await fake.fakeProvider((response, request) =>
      (request.body["stream"] === true ? streamed : fake.json(body))(response, request),
    );
    using runtime = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const answers = [
      await model.invoke("hi"),
      await collect(await model.stream("hi")),
      await model.streamEvents("hi"),
    ];
    for (const answer of answers) {
      expect(answer.usage_metadata).toMatchObject({
        input_tokens: 11,
        output_tokens: 7,
        total_tokens: 18,
      });
      expect(answer.usage_metadata).toMatchObject({ input_token_details: expected });
    }
    expect(runtime.used.map(({ cachedTokens }) => cachedTokens)).toEqual([5, 5, 5]);
  });
});

describe("parameters of a call", () => {
  it("reach the body by call options, withConfig and chatModel", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY, top_p: 0.1 } });
    const options: Fields = {
      top_p: 0.4,
      logit_bias: { 1: 2 },
      store: true,
      user: "u",
      n: 2,
      extra_body: { a: 1 },
    };
    await model.invoke("hi", options);
    expect(provider.lastBody).toMatchObject({
      top_p: 0.4,
      logit_bias: { 1: 2 },
      store: true,
      user: "u",
      n: 2,
      a: 1,
    });
    await model.withConfig({ seed: 4, service_tier: "flex" }).invoke("hi");
    expect(provider.lastBody).toMatchObject({ top_p: 0.1, seed: 4, service_tier: "flex" });
    const fixed = chatModel({
      parameters: { top_p: 0.7, metadata: { a: "b" }, drop_params: ["seed"] },
    });
    await fixed.invoke("hi", { seed: 4, metadata: { trace: "not for the provider" } });
    expect(provider.lastBody).toMatchObject({ top_p: 0.7, metadata: { a: "b" } });
    expect(provider.lastBody).not.toHaveProperty("seed");
  });

  it("offer the old functions and send their results back", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const functions = [{ name: "f", parameters: { type: "object", properties: {} } }];
    const called = new AIMessage({
      content: "",
      additional_kwargs: { function_call: { name: "f", arguments: "{}" } },
    });
    await model.invoke([called, new FunctionMessage({ name: "f", content: "1" })], {
      functions,
      function_call: { name: "f" },
    });
    expect(provider.lastBody).toMatchObject({
      functions,
      function_call: { name: "f" },
      messages: [
        { role: "assistant", function_call: { name: "f" } },
        { role: "function", name: "f", content: "1" },
      ],
    });
  });

  it.each(["gpt-5-codex", "openai/gpt-5.6-pro", "o1"])(
    "go to Chat Completions for %s too",
    async (name) => {
      await using provider = await fake.fakeProvider(fake.text("ok"));
      using _ = testRuntime({ a: { url: provider.url, api_key: KEY, model: name } });
      await model.invoke([
        ["system", "be brief"],
        ["human", "hi"],
      ]);
      expect(provider.requests[0]?.path).toBe("/v1/chat/completions");
      // Only OpenAI itself knows the developer role.
      expect(provider.lastBody["messages"]).toMatchObject([{ role: "system" }, { role: "user" }]);
    },
  );

  it("call OpenAI's reasoning models' system message by its new name", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    const fields = { url: provider.url, api_key: KEY, dialect: "openai" };
    using _ = testRuntime({
      a: { ...fields, model: "gpt-5.1" },
      b: { ...fields, model: "gpt-4o" },
    });
    for (const id of ["a", "b"])
      await chatModel({ model: id }).invoke([
        ["system", "be brief"],
        ["human", "hi"],
      ]);
    const roles = provider.requests.map(
      ({ body }) => (body["messages"] as { role: string }[])[0]?.role,
    );
    expect(roles).toEqual(["developer", "system"]);
  });

  it("send a call whose arguments nobody could read back with the error that answers it", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const invalid = (id: string) => ({
      id,
      name: "f",
      args: '{"a":',
      type: "invalid_tool_call" as const,
    });
    await model.invoke([
      new AIMessage({ content: "", invalid_tool_calls: [invalid("c1"), invalid("c2")] }),
      new ToolMessage({ tool_call_id: "c1", content: "the arguments are no JSON" }),
    ]);
    const [asked] = provider.lastBody["messages"] as {
      tool_calls: { id: string; function: { arguments: string } }[];
    }[];
    expect(asked?.tool_calls.map(({ id }) => id)).toEqual(["c1"]);
    expect(JSON.parse(asked?.tool_calls[0]?.function.arguments ?? "")).toEqual({
      unreadable_arguments: '{"a":',
    });
  });

  it("switch the first Qwen3 models by a word in the question, only where the file says so", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({
      a: { url: provider.url, api_key: KEY, no_think: true, thinking: { strategy: "soft_switch" } },
      b: { url: provider.url, api_key: KEY, thinking: { strategy: "soft_switch" } },
    });
    await model.invoke("hi");
    expect(provider.lastBody["messages"]).toEqual([{ role: "user", content: "hi /no_think" }]);
    await chatModel({ noThink: false }).invoke("hi");
    expect(provider.lastBody["messages"]).toEqual([{ role: "user", content: "hi /think" }]);
    await chatModel({ model: "b" }).invoke("hi");
    expect(provider.lastBody["messages"]).toEqual([{ role: "user", content: "hi" }]);
  });
});
