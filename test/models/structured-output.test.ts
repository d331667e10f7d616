import { AIMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { chatModel } from "../../src/models/chat.ts";
import { StructuredOutputError } from "../../src/models/structured/read.ts";
import { tools } from "../../src/tools/index.ts";
import * as fake from "../support/fake-provider.ts";
import { testRuntime } from "./support.ts";

const person = z.object({ name: z.string(), age: z.number() });
const ANN = '{"name":"Ann","age":7}';
const jsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "person",
  type: "object",
  properties: { name: { type: "string" }, age: { type: "integer" } },
  required: ["name", "age"],
};

type Fields = Record<string, unknown>;

/** A provider that gives the shape by the means it was asked by. */
const obedient =
  (json = ANN): fake.Answer =>
  (response, request) => {
    const hasTools = request.body["tools"] !== undefined;
    const call = { id: "c", type: "function", function: { name: "person", arguments: json } };
    const message = hasTools ? { content: null, tool_calls: [call] } : { content: json };
    const streamed = fake.stream([
      fake.delta({ role: "assistant", ...message }),
      fake.delta({}, hasTools ? "tool_calls" : "stop"),
      fake.usageChunk(),
    ]);
    (request.body["stream"] === true ? streamed : fake.completion(message))(response, request);
  };

async function asked(fields: Fields, answer = obedient(), options: Fields = {}) {
  await using provider = await fake.fakeProvider(answer);
  using runtime = testRuntime({ a: { url: provider.url, api_key: "k", ...fields } });
  const model = chatModel().withStructuredOutput(person, { name: "person", ...options });
  const [result] = await Promise.allSettled([model.invoke("who?")]);
  return {
    value: result.status === "fulfilled" ? result.value : undefined,
    error: result.status === "rejected" ? result.reason : undefined,
    body: provider.lastBody,
    requests: provider.requests.length,
    used: runtime.used,
  };
}

const means = ({ tools: offered, response_format: format, messages }: Fields): string => {
  if (offered !== undefined) return "tool";
  const type = z.object({ type: z.string() }).safeParse(format).data?.type;
  return type ?? (JSON.stringify(messages).includes("JSON Schema") ? "prompt" : "nothing");
};

describe("structured output", () => {
  it.each<[string, Fields, string]>([
    ["openai", { dialect: "openai", model: "gpt-5.1" }, "json_schema"],
    ["an old OpenAI model", { dialect: "openai", model: "gpt-4" }, "tool"],
    ["dashscope", { dialect: "dashscope" }, "tool"],
    ["zhipu", { dialect: "zhipu" }, "tool"],
    ["siliconflow", { dialect: "siliconflow" }, "tool"],
    ["deepseek", { dialect: "deepseek" }, "tool"],
    ["moonshot", { dialect: "moonshot" }, "json_schema"],
    ["vllm", { dialect: "vllm" }, "json_schema"],
    ["sglang", { dialect: "sglang" }, "json_schema"],
    ["ollama", { dialect: "ollama" }, "json_schema"],
    ["lmstudio", { dialect: "lmstudio" }, "json_schema"],
    ["llamacpp", { dialect: "llamacpp" }, "json_schema"],
    ["openrouter", { dialect: "openrouter" }, "tool"],
    ["an unknown server", {}, "tool"],
    ["a file that says json_schema", { structured_output: "json_schema" }, "json_schema"],
    ["a file that says json_object", { structured_output: "json_object" }, "json_object"],
    ["a file that says prompt", { structured_output: "prompt" }, "prompt"],
    ["a model that can json_schema", { capabilities: { json_schema: true } }, "json_schema"],
    ["a model without tools", { capabilities: { tools: false } }, "prompt"],
    [
      "a model without tools that can json_object",
      { capabilities: { tools: false, json_object: true } },
      "json_object",
    ],
    ["vllm without schemas", { dialect: "vllm", capabilities: { json_schema: false } }, "tool"],
  ])("of %s comes by what it does best, in one paid request", async (_, fields, expected) => {
    const { value, body, requests, used } = await asked(fields);
    expect(value).toEqual({ name: "Ann", age: 7 });
    expect(means(body)).toBe(expected);
    expect(JSON.stringify(body)).not.toContain("$schema");
    expect(requests).toBe(1);
    expect(used).toMatchObject([{ status: "success" }]);
  });

  it.each([
    ["jsonSchema", "json_schema"],
    ["jsonMode", "json_object"],
    ["functionCalling", "tool"],
  ])("comes by %s where the caller says so", async (method, expected) => {
    const { body } = await asked({ structured_output: "prompt" }, obedient(), { method });
    expect(means(body)).toBe(expected);
  });

  it("is told the schema in words where no field can carry it", async () => {
    const { body } = await asked({ structured_output: "json_object" });
    expect(body["messages"]).toMatchObject([
      { role: "system", content: expect.stringContaining('"name":{"type":"string"}') },
      { role: "user", content: "who?" },
    ]);
  });

  it("thinks not, where DashScope refuses a forced tool beside thinking", async () => {
    const { body } = await asked({ dialect: "dashscope", no_think: false });
    expect(body).toMatchObject({ enable_thinking: false, tool_choice: { type: "function" } });
  });

  it.each([
    ["a fence", "Here it is:\n```json\n" + ANN + "\n```\nBye."],
    ["thinking tags", `<think>{"name": 1}</think>\n${ANN}`],
    ["only the end of a tag", `let me see\n</think>\n\n${ANN}`],
    ["words around", `The person is ${ANN}, I think.`],
  ])("is found within %s", async (_, content) => {
    const fields = { structured_output: "prompt", reasoning: { parse: "off" } };
    expect((await asked(fields, fake.completion({ content }))).value).toEqual({
      name: "Ann",
      age: 7,
    });
  });

  it("is found where LM Studio puts it", async () => {
    const misplaced = fake.completion({ content: "", reasoning_content: ANN });
    expect((await asked({ dialect: "lmstudio" }, misplaced)).value).toMatchObject({ age: 7 });
  });

  it.each<[string, fake.Answer, string, string]>([
    ["no JSON", fake.completion({ content: "I cannot" }), "it is no JSON", "I cannot"],
    ["empty", fake.completion({ content: "" }), "it is empty", ""],
    ["cut", fake.completion({ content: '{"name":"A' }, "length"), "cut at its token limit", '{"na'],
    ["without a key", fake.completion({ content: '{"name":"Ann"}' }), "age: ", '{"name":"Ann"}'],
    ["a call with a wrong type", obedient('{"name":"Ann","age":"7"}'), "age: ", '"age":"7"'],
    ["a call that is cut", obedient('{"name":"Ann"'), "it is no JSON", '{"name":"Ann"'],
  ])("that is %s fails once, and keeps the raw answer", async (_, answer, reason, raw) => {
    const { error, requests, used } = await asked({ retries: { max: 3, base_ms: 1 } }, answer);
    expect(error).toBeInstanceOf(StructuredOutputError);
    expect(error.message).toContain("of model a");
    expect(error.message).toContain(reason);
    expect(error.raw).toContain(raw);
    expect(error.details).toMatchObject({ model: "a", raw: error.raw });
    expect(requests).toBe(1);
    expect(used).toMatchObject([{ status: "success", totalTokens: 18 }]);
  });

  it("comes with the raw answer, or with that alone, where includeRaw says so", async () => {
    const good = await asked({}, obedient(), { includeRaw: true });
    expect(good.value).toMatchObject({ parsed: { name: "Ann", age: 7 } });
    const bad = await asked({}, fake.completion({ content: "no" }), { includeRaw: true });
    expect(bad.value).toMatchObject({ parsed: null, raw: { content: "no" } });
    expect(z.object({ raw: z.instanceof(AIMessage) }).safeParse(bad.value).success).toBe(true);
    const failed = await asked(
      { retries: 0 },
      fake.json({ error: { message: "no" } }, { status: 400 }),
      { includeRaw: true },
    );
    expect(failed.error).toMatchObject({ name: "UpstreamError" });
  });

  it("is checked by a JSON Schema too, and named by its title", async () => {
    await using provider = await fake.fakeProvider(
      obedient(),
      obedient('{"name":"Ann","age":7.5}'),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: "k" } });
    const model = chatModel().withStructuredOutput(jsonSchema);
    expect(await model.invoke("who?")).toEqual({ name: "Ann", age: 7 });
    expect(provider.lastBody["tool_choice"]).toMatchObject({ function: { name: "person" } });
    await expect(model.invoke("who?")).rejects.toThrow(/age/);
  });

  it("comes from a fallback by the fallback's own means, beside bound tools and by stream", async () => {
    const busy = fake.json({ error: { message: "busy" } }, { status: 503 });
    await using a = await fake.fakeProvider(busy);
    await using b = await fake.fakeProvider(obedient());
    using _ = testRuntime({
      a: { url: a.url, api_key: "k", retries: 0, dialect: "vllm", fallbacks: ["b"] },
      b: { url: b.url, api_key: "k" },
    });
    const model = chatModel()
      .bindTools(tools("clock"))
      .withConfig({ stop: ["x"] });
    const shaped = chatModel().withStructuredOutput(person, { name: "person" });
    expect(await shaped.invoke("who?")).toEqual({ name: "Ann", age: 7 });
    expect([means(a.lastBody), means(b.lastBody)]).toEqual(["json_schema", "tool"]);
    const streamed: unknown[] = [];
    for await (const value of await shaped.stream("who?")) streamed.push(value);
    expect(streamed).toEqual([{ name: "Ann", age: 7 }]);
    await model.invoke("hi");
    expect(b.lastBody).toMatchObject({ stop: ["x"], tools: [{ function: { name: "clock" } }] });
  });
});

describe("the profile of a model", () => {
  it("tells agents what its file and its provider say", () => {
    using _ = testRuntime({
      a: { url: "http://127.0.0.1:1", api_key: "k", input_tokens: 1000, out_tokens: 100 },
      b: {
        url: "http://127.0.0.1:1",
        api_key: "k",
        dialect: "vllm",
        capabilities: { tools: false },
      },
    });
    expect(chatModel().profile).toMatchObject({
      maxInputTokens: 882,
      maxOutputTokens: 100,
      toolCalling: true,
      structuredOutput: false,
    });
    expect(chatModel({ model: "b" }).profile).toMatchObject({
      toolCalling: false,
      structuredOutput: true,
    });
  });
});
