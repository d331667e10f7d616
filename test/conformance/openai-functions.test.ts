import type OpenAI from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { completion, delta, stream, usageChunk } from "../support/fake-provider.ts";
import { drain, openAiServer, type OpenAiServer } from "../support/openai-server.ts";

let running: OpenAiServer;

async function serve(
  answers: Parameters<typeof openAiServer>[0] = [],
  fields: object = {},
): Promise<OpenAiServer> {
  running = await openAiServer(answers, fields);
  return running;
}

afterEach(() => running[Symbol.asyncDispose]());

const ADD = { name: "add", description: "Adds", parameters: { type: "object", properties: {} } };
const CALL = {
  content: null,
  tool_calls: [
    { id: "a", type: "function", function: { name: "add", arguments: '{"a":1}' } },
    { id: "b", type: "function", function: { name: "add", arguments: '{"a":2}' } },
  ],
};

type Body = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "model" | "messages">;

const ask = (more: Body = {}, messages?: OpenAI.ChatCompletionMessageParam[]) =>
  running.openai.chat.completions.create({
    model: "it",
    messages: messages ?? [{ role: "user", content: "1 + 2?" }],
    ...more,
  });

describe("functions, as OpenAI had them before tools", () => {
  it.each(["openai", "ollama", "zhipu", "vllm"])(
    "reach a model of %s as tools, and its call comes back as that of a function",
    async (server_type) => {
      const { upstream } = await serve([completion(CALL, "tool_calls")], { server_type });
      const { choices } = await ask({ functions: [ADD], function_call: "auto" });
      expect(choices[0]).toMatchObject({
        finish_reason: "function_call",
        message: { content: null, function_call: { name: "add", arguments: '{"a":1}' } },
      });
      expect(choices[0]?.message).not.toHaveProperty("tool_calls");
      expect(upstream.lastBody).toMatchObject({
        tools: [{ type: "function", function: ADD }],
      });
      for (const old of ["functions", "function_call"])
        expect(upstream.lastBody).not.toHaveProperty(old);
    },
  );

  it("are streamed, to the helper of the openai package too", async () => {
    const call = (index: number, fields: object) => delta({ tool_calls: [{ index, ...fields }] });
    const { openai } = await serve([
      stream([
        delta({ role: "assistant", content: null }),
        call(0, { id: "a", type: "function", function: { name: "add", arguments: "" } }),
        call(0, { function: { arguments: '{"a":' } }),
        call(0, { function: { arguments: "1}" } }),
        call(1, { id: "b", type: "function", function: { name: "add", arguments: "{}" } }),
        delta({}, "tool_calls"),
        usageChunk(),
      ]),
    ]);
    const asked = {
      model: "it",
      messages: [{ role: "user" as const, content: "1 + 2?" }],
      functions: [ADD],
    };
    const runner = openai.chat.completions.stream(asked);
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]).toMatchObject({
      finish_reason: "function_call",
      message: { function_call: { name: "add", arguments: '{"a":1}' } },
    });
    const chunks = await drain(await openai.chat.completions.create({ ...asked, stream: true }));
    expect(JSON.stringify(chunks)).not.toContain("tool_calls");
    const told = chunks.map((chunk) => chunk.choices[0]?.delta.function_call?.arguments ?? "");
    expect(told.join("")).toBe('{"a":1}');
  });

  it("are chosen by function_call: none, or one by its name", async () => {
    const { upstream } = await serve([completion({ content: "3" })]);
    await ask({ functions: [ADD], function_call: "none" });
    expect(upstream.lastBody["tool_choice"]).toBe("none");
    await ask({ functions: [ADD], function_call: { name: "add" } });
    expect(upstream.lastBody["tool_choice"]).toMatchObject({ function: { name: "add" } });
  });

  it("have their calls and results told to a model as those of tools", async () => {
    const { upstream } = await serve([completion({ content: "3" })]);
    const called = (args: string): OpenAI.ChatCompletionMessageParam => ({
      role: "assistant",
      content: null,
      function_call: { name: "add", arguments: args },
    });
    const { choices } = await ask({ functions: [ADD] }, [
      { role: "user", content: "1 + 2, then 3 + 4?" },
      called('{"a":1}'),
      { role: "function", name: "add", content: "3" },
      called('{"a":3}'),
      { role: "function", name: "add", content: "7" },
      { role: "assistant", content: "3 and 7", function_call: null },
      { role: "user", content: "Thanks" },
    ]);
    expect(choices[0]).toMatchObject({ finish_reason: "stop", message: { content: "3" } });
    const sent = (id: string, args: string) => ({
      role: "assistant",
      content: null,
      tool_calls: [{ id, type: "function", function: { name: "add", arguments: args } }],
    });
    expect(upstream.lastBody["messages"]).toEqual([
      { role: "user", content: "1 + 2, then 3 + 4?" },
      sent("call_1", '{"a":1}'),
      { role: "tool", tool_call_id: "call_1", content: "3" },
      sent("call_3", '{"a":3}'),
      { role: "tool", tool_call_id: "call_3", content: "7" },
      { role: "assistant", content: "3 and 7" },
      { role: "user", content: "Thanks" },
    ]);
  });

  it.each<[string, Body, OpenAI.ChatCompletionMessageParam[] | undefined]>([
    ["function_call", { functions: [ADD], function_call: { name: "sub" } }, undefined],
    ["function_call", { function_call: { name: "add" } }, undefined],
    ["functions", { functions: [ADD], tools: [{ type: "function", function: ADD }] }, undefined],
    ["messages", {}, [{ role: "function", name: "add", content: "3" }]],
  ])("are refused by the name of the field where they make no sense: %s", async (...given) => {
    const [param, body, messages] = given;
    const { upstream } = await serve();
    await expect(ask(body, messages)).rejects.toMatchObject({ status: 400, param });
    expect(upstream.requests).toEqual([]);
  });

  it("are read in a conversation with a graph, which calls its own tools only", async () => {
    const { openai } = await serve();
    const asked = (more: object = {}): OpenAI.ChatCompletionCreateParamsNonStreaming => ({
      model: "graph:chat",
      messages: [
        { role: "user", content: "My name is Ada" },
        { role: "assistant", content: null, function_call: { name: "add", arguments: "{}" } },
        { role: "function", name: "add", content: "3" },
        { role: "user", content: "What is my name?" },
      ],
      functions: [ADD],
      ...more,
    });
    const { data, response } = await openai.chat.completions.create(asked()).withResponse();
    expect(data.choices[0]?.message.content).toBe("Your name is Ada.");
    expect(response.headers.get("warning")).toContain("tools");
    await expect(
      openai.chat.completions.create(asked({ function_call: { name: "add" } })),
    ).rejects.toMatchObject({ status: 400, param: "tool_choice" });
  });
});
