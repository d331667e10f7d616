import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { ChatOpenAI } from "@langchain/openai";
import { generateText, stepCountIs, streamText, tool } from "ai";
import type OpenAI from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Loose } from "../support/calls.ts";
import {
  type FakeProvider,
  completion,
  delta,
  json,
  stream,
  textStream,
  USAGE,
  usageChunk,
} from "../support/fake-provider.ts";
import { drain, KEY, openAiServer, type OpenAiServer } from "../support/openai-server.ts";
import type { ListeningServer } from "../support/test-server.ts";

let running: OpenAiServer;
let upstream: FakeProvider;
let server: ListeningServer;
let openai: OpenAI;

async function serve(
  answers: Parameters<typeof openAiServer>[0] = [],
  fields: object = {},
): Promise<void> {
  running = await openAiServer(answers, fields);
  ({ upstream, server, openai } = running);
}

afterEach(() => running[Symbol.asyncDispose]());

const user = (content: string) => [{ role: "user" as const, content }];
const compatible = () =>
  createOpenAICompatible({ name: "kagari", baseURL: `${server.url}/v1`, includeUsage: true });

/** What a strict client demands of every chunk. */
function expectStrict(chunks: Loose[]): void {
  const spoken = chunks.filter(({ choices }) => choices.length > 0);
  for (const chunk of chunks)
    expect(chunk).toMatchObject({
      id: chunks[0].id,
      object: "chat.completion.chunk",
      created: expect.any(Number),
      model: expect.any(String),
    });
  for (const { choices } of spoken) expect(choices[0].index).toBe(0);
  expect(spoken[0].choices[0].delta.role).toBe("assistant");
  const reasons = spoken.map(({ choices }) => choices[0].finish_reason).filter(Boolean);
  expect(reasons).toHaveLength(1);
}

describe("models", () => {
  it("lists models and graphs, without their secrets", async () => {
    await serve();
    const { data } = await openai.models.list();
    expect(data.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["it", "demo", "graph:chat", "graph:approval"]),
    );
    expect(JSON.stringify(data)).not.toContain(KEY);
    expect(await openai.models.retrieve("it")).toMatchObject({ id: "it", object: "model" });
    await expect(openai.models.retrieve("none")).rejects.toMatchObject({ status: 404 });
  });
});

describe("a chat completion of a model", () => {
  it("passes parameters and fields of the answer, and leaves the client's messages as they are", async () => {
    await serve([completion({ content: "Hi", extra_field: { kept: true } })]);
    const messages = [
      { role: "system" as const, content: "Be short." },
      { role: "user" as const, content: "Hello", name: "bo" },
    ];
    const answer = await openai.chat.completions.create({
      model: "it",
      messages,
      temperature: 0.3,
      top_p: 0.5,
      n: 1,
      seed: 7,
      stop: ["END"],
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      logprobs: true,
      top_logprobs: 2,
      user: "someone",
      max_tokens: 100,
      response_format: { type: "json_object" },
    });
    expect(answer).toMatchObject({
      object: "chat.completion",
      choices: [
        {
          index: 0,
          finish_reason: "stop",
          message: { role: "assistant", content: "Hi", extra_field: { kept: true } },
        },
      ],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    });
    expect(upstream.lastBody).toMatchObject({
      model: "qwen3-4b",
      messages,
      temperature: 0.3,
      top_p: 0.5,
      seed: 7,
      stop: ["END"],
      logprobs: true,
      top_logprobs: 2,
      max_tokens: 100,
      response_format: { type: "json_object" },
    });
    expect(upstream.requests[0]?.headers["authorization"]).toBe(`Bearer ${KEY}`);
  });

  it("streams strictly whatever the provider leaves out", async () => {
    const bare = (fields: object, finish: string | null = null) => ({
      choices: [{ delta: fields, finish_reason: finish }],
    });
    await serve([
      stream([
        bare({ reasoning: "Let me think" }),
        bare({ content: "Hel" }),
        bare({ content: "lo" }),
        { ...bare({}, "stop"), usage: USAGE },
      ]),
    ]);
    const chunks = await drain(
      await openai.chat.completions.create({ model: "it", messages: user("Hi"), stream: true }),
    );
    expectStrict(chunks);
    expect(chunks.every((chunk) => !("usage" in chunk) || chunk.usage == null)).toBe(true);
    const said = chunks.map(({ choices }) => choices[0]?.delta as Loose);
    expect(said.map(({ content }) => content ?? "").join("")).toBe("Hello");
    expect(said.map(({ reasoning_content: text }) => text ?? "").join("")).toBe("Let me think");
  });

  it("tells the usage at the end of a stream where it is asked for", async () => {
    await serve([textStream("Hello")]);
    const runner = openai.chat.completions.stream({
      model: "it",
      messages: user("Hi"),
      stream_options: { include_usage: true },
    });
    expect(await runner.finalContent()).toBe("Hello");
    expect(await runner.totalUsage()).toMatchObject({ prompt_tokens: 11, completion_tokens: 7 });
    const { usage } = await runner.finalChatCompletion();
    expect(usage?.total_tokens).toBe(18);
  });

  it("streams calls of the client's own tools", async () => {
    const call = (index: number, fields: object) => delta({ tool_calls: [{ index, ...fields }] });
    await serve([
      stream([
        delta({ role: "assistant", content: null }),
        call(0, { id: "a", type: "function", function: { name: "add", arguments: "" } }),
        call(0, { function: { arguments: '{"a":1,' } }),
        call(0, { function: { arguments: '"b":2}' } }),
        delta({}, "tool_calls"),
        usageChunk(),
      ]),
    ]);
    const tools = [
      {
        type: "function" as const,
        function: { name: "add", parameters: { type: "object", properties: {} } },
      },
    ];
    const runner = openai.chat.completions.stream({ model: "it", messages: user("1+2"), tools });
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ id: "a", function: { name: "add", arguments: '{"a":1,"b":2}' } }] },
    });
    expect(upstream.lastBody).toMatchObject({ tools: [{ function: { name: "add" } }] });
  });

  it("gives several answers where several are asked for, streamed too", async () => {
    const choice = (index: number, content: string, finish: string | null = null) => ({
      ...delta({}),
      choices: [{ index, delta: { role: "assistant", content }, finish_reason: finish }],
    });
    await serve([
      stream([choice(0, "A"), choice(1, "B"), choice(0, "", "stop"), choice(1, "", "stop")]),
    ]);
    const chunks = await drain(
      await openai.chat.completions.create({
        model: "it",
        messages: user("Hi"),
        n: 2,
        stream: true,
      }),
    );
    expect(upstream.lastBody["n"]).toBe(2);
    const texts = ["", ""];
    for (const { choices } of chunks)
      for (const { index, delta: said } of choices) texts[index] += said.content ?? "";
    expect(texts).toEqual(["A", "B"]);
  });

  it("separates thinking in tags, and sends it back to nobody", async () => {
    await serve([
      stream([
        delta({ content: "<think>Hm" }),
        delta({ content: "m</think>Yes" }),
        delta({}, "stop"),
      ]),
    ]);
    const model = compatible().chatModel("it");
    const result = streamText({
      model,
      messages: [
        { role: "user", content: "Well?" },
        {
          role: "assistant",
          content: [
            { type: "reasoning", text: "secret" },
            { type: "text", text: "Hm." },
          ],
        },
        { role: "user", content: "So?" },
      ],
    });
    expect(await result.text).toBe("Yes");
    expect(await result.reasoningText).toBe("Hmm");
    expect(JSON.stringify(upstream.requests.map(({ body }) => body))).not.toContain("secret");
  });

  it("says in OpenAI's words what is wrong, before an answer and in the middle of one", async () => {
    await serve([
      json({ error: { message: "slow down", code: "rate" } }, { status: 429 }),
      stream([delta({ role: "assistant", content: "Hel" }), { error: { message: "overloaded" } }]),
    ]);
    const ask = (extra: object = {}) =>
      openai.chat.completions.create({ model: "it", messages: user("Hi"), ...extra });
    await expect(
      openai.chat.completions.create({ model: "no", messages: user("Hi") }),
    ).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    await expect(ask()).rejects.toMatchObject({ status: 429 });
    const chunks: Loose[] = [];
    await expect(
      (async () => {
        for await (const chunk of (await ask({ stream: true })) as unknown as AsyncIterable<Loose>)
          chunks.push(chunk);
      })(),
    ).rejects.toThrow(/overloaded/);
    expect(chunks.length).toBeGreaterThan(0);
  });

  it("closes the provider's connection when the client leaves", async () => {
    await serve([stream([delta({ role: "assistant", content: "Hel" })], { isOpen: true })]);
    const controller = new AbortController();
    const chunks = await openai.chat.completions.create(
      { model: "it", messages: user("Hi"), stream: true },
      { signal: controller.signal },
    );
    for await (const _ of chunks) break;
    controller.abort();
    await upstream.clientClosed();
    expect(upstream.closedByClient).toBe(1);
  });

  it("serves the AI SDK with tools, and LangChain", async () => {
    await serve([
      completion(
        {
          content: null,
          tool_calls: [
            { id: "a", type: "function", function: { name: "add", arguments: '{"a":1,"b":2}' } },
          ],
        },
        "tool_calls",
      ),
      completion({ content: "It is 3." }),
      textStream("Hello"),
    ]);
    const { text } = await generateText({
      model: createOpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused" }).chat("it"),
      prompt: "1+2",
      tools: {
        add: tool({
          inputSchema: z.object({ a: z.number(), b: z.number() }),
          execute: ({ a, b }) => Promise.resolve(a + b),
        }),
      },
      stopWhen: stepCountIs(3),
    });
    expect(text).toBe("It is 3.");
    const chat = new ChatOpenAI({
      model: "it",
      apiKey: "unused",
      configuration: { baseURL: `${server.url}/v1` },
    });
    const chunks = await drain(await chat.stream("Hi"));
    expect(chunks.map(({ text: piece }) => piece).join("")).toBe("Hello");
    expect(chunks.reduce((a, b) => a.concat(b)).usage_metadata).toMatchObject({ input_tokens: 11 });
  });
});

describe("a chat completion of a graph", () => {
  const graph = (content: string, more: object = {}) =>
    openai.chat.completions.create({
      model: "graph:chat",
      messages: user(content),
      ...more,
    }) as Promise<Loose>;

  it("runs the graph with its own tools, and shows them as thinking", async () => {
    await serve();
    const answer = await graph("What is 17 * 23?");
    expect(answer.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { role: "assistant", content: "The tool says: 391. (Kagari's offline demo)" },
    });
    expect(answer.choices[0].message.reasoning_content).toContain("calculator: 391");
    expect(answer.usage.total_tokens).toBeGreaterThan(0);
    const chunks = await drain<Loose>(
      (await graph("What is 17 * 23?", {
        stream: true,
        stream_options: { include_usage: true },
      })) as never,
    );
    expectStrict(chunks);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { total_tokens: expect.any(Number) },
    });
    const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
    expect(text).toBe("The tool says: 391. (Kagari's offline demo)");
  });

  it("keeps nothing without a thread, and remembers with one", async () => {
    await serve();
    const named = { metadata: { thread_id: "my chat" } };
    await graph("Hello, my name is Ada", named);
    expect((await graph("What is my name?", named)).choices[0].message.content).toBe(
      "Your name is Ada.",
    );
    expect((await graph("What is my name?")).choices[0].message.content).toBe(
      "You have not told me your name yet.",
    );
    const threads = (await (await server.post("/threads/search", {})).json()) as Loose[];
    expect(threads).toHaveLength(1);
  });

  it("takes the whole conversation that a chat client sends for what is new in it, edits too", async () => {
    await serve();
    const headers = { "x-openwebui-chat-id": "b2c1" };
    const say = async (messages: Loose[]) => {
      const { choices } = await openai.chat.completions.create(
        { model: "graph:chat", messages },
        { headers },
      );
      return { role: "assistant", content: choices[0]?.message.content };
    };
    const history: Loose[] = [{ role: "user", content: "Hello, my name is Ada" }];
    history.push(await say(history));
    history.push({ role: "user", content: "What is my name?" });
    expect((await say(history)).content).toBe("Your name is Ada.");
    // Asked for once more, and then with an earlier message changed.
    expect((await say(history)).content).toBe("Your name is Ada.");
    const [thread] = (await (await server.post("/threads/search", { limit: 1 })).json()) as Loose[];
    expect(thread.values.messages).toHaveLength(4);
    const edited: Loose[] = [{ role: "user", content: "Hello, my name is Eve" }];
    edited.push(await say(edited));
    edited.push({ role: "user", content: "What is my name?" });
    expect((await say(edited)).content).toBe("Your name is Eve.");
  });

  it("asks what a graph asks, and goes on with the answer of the next message", async () => {
    await serve();
    const ask = (content: string) =>
      openai.chat.completions.create({
        model: "graph:approval",
        messages: user(content),
        metadata: { thread_id: "mail" },
      }) as Promise<Loose>;
    const question = await ask("Tell Bo that tea is ready");
    expect(question.choices[0]).toMatchObject({ finish_reason: "stop" });
    expect(question.choices[0].message.content).toContain("send_message");
    expect(question.kagari.interrupts).toHaveLength(1);
    await expect(ask("hmm, what?")).rejects.toMatchObject({ status: 400 });
    expect((await ask('edit {"text":"Tea!"}')).choices[0].message.content).toBe("Sent: Tea!");
    await ask("Tell Bo that tea is cold");
    expect((await ask("拒绝，太晚了")).choices[0].message.content).toContain("Not sent");
  });

  it("ends the run when the client leaves", async () => {
    await serve([stream([delta({ role: "assistant", content: "Hel" })], { isOpen: true })]);
    const controller = new AbortController();
    const chunks = (await openai.chat.completions.create(
      {
        model: "graph:chat",
        messages: user("Hi"),
        stream: true,
        metadata: { thread_id: "left", model: "it" },
      },
      { signal: controller.signal },
    )) as AsyncIterable<Loose>;
    let seen = 0;
    for await (const _ of chunks) if (++seen === 2) break;
    controller.abort();
    await upstream.clientClosed();
    expect(upstream.closedByClient).toBe(1);
  });

  it("does the chores of a chat client without a run", async () => {
    await serve();
    const { choices } = await graph("### Task:\nGenerate a concise title for the chat.", {
      metadata: { thread_id: "any" },
    });
    expect(choices[0].message.content).toContain("I received");
    const threads = (await (await server.post("/threads/search", {})).json()) as Loose[];
    expect(threads).toEqual([]);
  });
});
