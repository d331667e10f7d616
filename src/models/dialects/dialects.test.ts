import { describe, expect, it } from "vitest";
import { parseModelConfig } from "../../config/model-config.ts";
import { systemClock } from "../../core/clock.ts";
import { Model } from "../model.ts";
import type { CallParameters } from "../parameters.ts";
import { requestBody, type CallOverrides } from "../request-body.ts";

type Fields = Record<string, unknown>;

interface Asked {
  isStreamed?: boolean;
  overrides?: CallOverrides;
  options?: CallParameters;
  base?: Fields;
  warnings?: string[];
}

function modelOf(fields: Fields, warnings: string[] = []): Model {
  const all = { model: "m", url: "http://127.0.0.1:1/v1", ...fields };
  const config = parseModelConfig(all, { file: "x.json", dir: ".", env: {} });
  const log = { warn: (_fields: object, text: string) => void warnings.push(text) };
  return new Model(config, { clock: systemClock, log: log as never });
}

function bodyOf(fields: Fields, asked: Asked = {}): Fields {
  const { isStreamed = true, overrides = {}, options = {}, base = {}, warnings = [] } = asked;
  return requestBody(modelOf(fields, warnings), { base, overrides, options, isStreamed });
}

/** Every parameter of the seeds that a model file may set. */
const ALL = {
  temperature: 1.5,
  top_p: 0.9,
  top_k: 5,
  min_p: 0.1,
  frequency_penalty: 0.1,
  presence_penalty: 0.2,
  repetition_penalty: 1.1,
  stop: ["a", "b", "c", "d", "e"],
  seed: 7,
  logprobs: true,
  top_logprobs: 9,
  logit_bias: { "1": 5 },
  parallel_tool_calls: true,
  service_tier: "flex",
  store: true,
  metadata: { a: "b" },
  user: "u",
};

const without = (...keys: string[]): Fields =>
  Object.fromEntries(Object.entries(ALL).filter(([key]) => !keys.includes(key)));

const dashscope = { url: "https://dashscope.aliyuncs.com/compatible-mode/v1", model: "qwen3-4b" };
const zhipu = { url: "https://open.bigmodel.cn/api/paas/v4", model: "glm-4.6" };
const siliconflow = { url: "https://api.siliconflow.cn/v1", model: "Qwen/Qwen3-8B" };
const siliconV4 = { ...siliconflow, model: "deepseek-ai/DeepSeek-V4" };
const deepseek = { url: "https://api.deepseek.com", model: "deepseek-v4" };
const deepseekR1 = { ...deepseek, model: "deepseek-reasoner" };
const kimi = { url: "https://api.moonshot.cn/v1", model: "kimi-k2.6" };
const openai = { url: "https://api.openai.com/v1" };
const openrouter = { url: "https://openrouter.ai/api/v1" };
const on = (name: string): Fields => ({ server_type: name });

const OFF = { no_think: true };
const ON = { no_think: false };
const BUDGET = { thinking: { budget: 4000 } };
const EFFORT = { thinking: { effort: "high" } };

const THINKING: [string, Fields, Fields, Fields, Fields, Fields][] = [
  [
    "openai gpt-5.1",
    { ...openai, model: "gpt-5.1" },
    { reasoning_effort: "none" },
    {},
    { reasoning_effort: "medium" },
    { reasoning_effort: "high" },
  ],
  [
    "openai gpt-5",
    { ...openai, model: "gpt-5" },
    { reasoning_effort: "minimal" },
    {},
    { reasoning_effort: "medium" },
    { reasoning_effort: "high" },
  ],
  [
    "openai o3",
    { ...openai, model: "o3" },
    {},
    {},
    { reasoning_effort: "medium" },
    { reasoning_effort: "high" },
  ],
  ["openai gpt-4o", { ...openai, model: "gpt-4o" }, {}, {}, {}, {}],
  [
    "dashscope",
    dashscope,
    { enable_thinking: false },
    { enable_thinking: true },
    { enable_thinking: true, thinking_budget: 4000 },
    { enable_thinking: true, thinking_budget: 16_384 },
  ],
  [
    "dashscope, a model that only thinks",
    { ...dashscope, model: "qwq-plus" },
    {},
    {},
    { thinking_budget: 4000 },
    { thinking_budget: 16_384 },
  ],
  [
    "zhipu",
    zhipu,
    { thinking: { type: "disabled" } },
    { thinking: { type: "enabled" } },
    { thinking: { type: "enabled" } },
    { thinking: { type: "enabled" } },
  ],
  [
    "zhipu glm-5.2",
    { ...zhipu, model: "glm-5.2" },
    { thinking: { type: "disabled" } },
    { thinking: { type: "enabled" } },
    { thinking: { type: "enabled" }, reasoning_effort: "high" },
    { thinking: { type: "enabled" }, reasoning_effort: "high" },
  ],
  [
    "siliconflow",
    siliconflow,
    { enable_thinking: false },
    { enable_thinking: true },
    { enable_thinking: true, thinking_budget: 4000 },
    { enable_thinking: true, thinking_budget: 16_384 },
  ],
  [
    "siliconflow DeepSeek V4",
    siliconV4,
    { enable_thinking: false },
    { enable_thinking: true },
    { enable_thinking: true, thinking_budget: 4000 },
    { enable_thinking: true, reasoning_effort: "high" },
  ],
  [
    "deepseek V4",
    deepseek,
    { thinking: { type: "disabled" } },
    { thinking: { type: "enabled" } },
    { thinking: { type: "enabled" }, reasoning_effort: "high" },
    { thinking: { type: "enabled" }, reasoning_effort: "high" },
  ],
  ["deepseek R1", deepseekR1, {}, {}, {}, {}],
  [
    "moonshot k2.6",
    kimi,
    { thinking: { type: "disabled" } },
    { thinking: { type: "enabled", keep: "all" } },
    { thinking: { type: "enabled", keep: "all" } },
    { thinking: { type: "enabled", keep: "all" } },
  ],
  [
    "moonshot k2.5",
    { ...kimi, model: "kimi-k2.5" },
    { thinking: { type: "disabled" } },
    { thinking: { type: "enabled" } },
    { thinking: { type: "enabled" } },
    { thinking: { type: "enabled" } },
  ],
  [
    "moonshot k2.7, which always thinks",
    { ...kimi, model: "kimi-k2.7-code" },
    {},
    { thinking: { type: "enabled", keep: "all" } },
    { thinking: { type: "enabled", keep: "all" } },
    { thinking: { type: "enabled", keep: "all" } },
  ],
  [
    "moonshot k3, which always thinks",
    { ...kimi, model: "kimi-k3" },
    {},
    { thinking: { type: "enabled", keep: "all" } },
    { thinking: { type: "enabled", keep: "all" }, reasoning_effort: "high" },
    { thinking: { type: "enabled", keep: "all" }, reasoning_effort: "high" },
  ],
  ["moonshot v1", { ...kimi, model: "moonshot-v1-8k" }, {}, {}, {}, {}],
  [
    "vllm",
    on("vllm"),
    { chat_template_kwargs: { enable_thinking: false } },
    { chat_template_kwargs: { enable_thinking: true } },
    { chat_template_kwargs: { enable_thinking: true }, thinking_token_budget: 4000 },
    { chat_template_kwargs: { enable_thinking: true }, reasoning_effort: "high" },
  ],
  [
    "sglang",
    on("sglang"),
    { chat_template_kwargs: { enable_thinking: false } },
    { chat_template_kwargs: { enable_thinking: true } },
    { chat_template_kwargs: { enable_thinking: true }, reasoning_effort: "medium" },
    { chat_template_kwargs: { enable_thinking: true }, reasoning_effort: "high" },
  ],
  [
    "llamacpp",
    on("llamacpp"),
    { chat_template_kwargs: { enable_thinking: false } },
    { chat_template_kwargs: { enable_thinking: true } },
    { chat_template_kwargs: { enable_thinking: true }, reasoning_effort: "medium" },
    { chat_template_kwargs: { enable_thinking: true }, reasoning_effort: "high" },
  ],
  [
    "ollama",
    on("ollama"),
    { reasoning_effort: "none" },
    {},
    { reasoning_effort: "medium" },
    { reasoning_effort: "high" },
  ],
  [
    "ollama_native",
    on("ollama_native"),
    { think: false },
    { think: true },
    { think: "medium" },
    { think: "high" },
  ],
  [
    "lmstudio",
    on("lmstudio"),
    { reasoning_effort: "none" },
    {},
    { reasoning_effort: "medium" },
    { reasoning_effort: "high" },
  ],
  [
    "openrouter",
    openrouter,
    { reasoning: { effort: "none" } },
    { reasoning: { enabled: true } },
    { reasoning: { max_tokens: 4000 } },
    { reasoning: { effort: "high" } },
  ],
  ["a server that nobody knows", {}, {}, {}, {}, {}],
];

describe("thinking", () => {
  it.each(THINKING)("is asked of %s", (_, fields, off, switchedOn, budget, effort) => {
    expect(bodyOf({ ...fields, ...OFF })).toEqual(off);
    expect(bodyOf({ ...fields, ...ON })).toEqual(switchedOn);
    expect(bodyOf({ ...fields, ...BUDGET })).toEqual(budget);
    expect(bodyOf({ ...fields, ...EFFORT })).toEqual(effort);
    expect(bodyOf(fields)).toEqual({});
  });

  it.each([
    [
      "enable_thinking",
      { enable_thinking: false },
      { enable_thinking: true, thinking_budget: 16_384 },
    ],
    [
      "template_kwargs",
      { chat_template_kwargs: { enable_thinking: false } },
      { chat_template_kwargs: { enable_thinking: true }, reasoning_effort: "high" },
    ],
    [
      "thinking_type",
      { thinking: { type: "disabled" } },
      { thinking: { type: "enabled" }, reasoning_effort: "high" },
    ],
    ["reasoning_effort", { reasoning_effort: "none" }, { reasoning_effort: "high" }],
    ["reasoning_object", { reasoning: { effort: "none" } }, { reasoning: { effort: "high" } }],
    ["think", { think: false }, { think: "high" }],
    ["soft_switch", {}, {}],
    ["none", {}, {}],
  ])(
    "is asked by strategy %s where the file says so, whatever the host",
    (strategy, off, effort) => {
      expect(bodyOf({ ...zhipu, no_think: true, thinking: { strategy } })).toEqual(off);
      expect(bodyOf({ ...zhipu, thinking: { strategy, effort: "high" } })).toEqual(effort);
    },
  );

  it("follows the call over the file", () => {
    const file = { ...dashscope, no_think: true, thinking: { budget: 100 } };
    const ask = (overrides: CallOverrides) => bodyOf(file, { overrides });
    expect(ask({})).toEqual({ enable_thinking: false });
    expect(ask({ noThink: false })).toEqual({ enable_thinking: true, thinking_budget: 100 });
    expect(ask({ thinkingBudget: 50 })).toEqual({ enable_thinking: true, thinking_budget: 50 });
    expect(ask({ thinkingEffort: "low" })).toEqual({
      enable_thinking: true,
      thinking_budget: 1024,
    });
    expect(ask({ thinkingEffort: "none" })).toEqual({ enable_thinking: false });
  });

  it("says once that a budget or an effort has no way to the provider", () => {
    const warnings: string[] = [];
    const model = modelOf({ ...zhipu, ...BUDGET }, warnings);
    for (let call = 0; call < 3; call++)
      requestBody(model, { base: {}, overrides: {}, isStreamed: true });
    expect(warnings).toEqual([
      "thinking.budget is not sent: this provider has none for this model",
    ]);
    const reached: string[] = [];
    bodyOf({ ...dashscope, ...BUDGET }, { warnings: reached });
    expect(reached).toEqual([]);
  });

  it("keeps SiliconFlow's budget within its bounds, and knows its two words", () => {
    expect(bodyOf({ ...siliconflow, thinking: { budget: 5 } })["thinking_budget"]).toBe(128);
    expect(bodyOf({ ...siliconflow, thinking: { budget: 99_999 } })["thinking_budget"]).toBe(
      32_768,
    );
    expect(bodyOf({ ...siliconV4, thinking: { effort: "low" } })["reasoning_effort"]).toBe("high");
    expect(bodyOf({ ...siliconV4, thinking: { effort: "xhigh" } })["reasoning_effort"]).toBe("max");
  });

  it.each([
    ["deepseek", deepseek, ["low", "low", "high", "high", "max"]],
    ["zhipu", { ...zhipu, model: "glm-5.3" }, ["low", "low", "high", "max", "max"]],
    ["moonshot", { ...kimi, model: "kimi-k3" }, ["low", "low", "high", "max", "max"]],
  ])("gives %s only words it knows", (_, fields, expected) => {
    const efforts = ["minimal", "low", "medium", "xhigh", "max"].map(
      (effort) => bodyOf({ ...fields, thinking: { effort } })["reasoning_effort"],
    );
    expect(efforts).toEqual(expected);
  });

  it("gives Ollama only words it knows", () => {
    const effort = (word: string) =>
      bodyOf({ ...on("ollama"), thinking: { effort: word } })["reasoning_effort"];
    expect(["minimal", "low", "xhigh", "ultra", "odd", "none"].map(effort)).toEqual([
      "low",
      "low",
      "max",
      "max",
      "medium",
      "none",
    ]);
  });

  it("gives way to JSON at DashScope, which has not both", () => {
    const format = { response_format: { type: "json_object" } };
    expect(bodyOf({ ...dashscope, ...BUDGET, ...format })).toEqual({
      ...format,
      enable_thinking: false,
    });
  });

  it("makes DashScope's thinking models stream upstream", () => {
    const must = (model: string, fields: Fields = {}) => {
      const { dialect } = modelOf({ ...dashscope, model });
      return dialect.mustStream?.({ model, isStreamed: false, noThink: undefined, ...fields });
    };
    expect([must("qwen3-4b"), must("qwq-32b"), must("qwen3-30b-a3b-thinking-2507")]).toEqual([
      true,
      true,
      true,
    ]);
    expect([must("qwen-plus"), must("qwen3-4b", { noThink: true })]).toEqual([false, false]);
    expect([must("qwen-plus", { budget: 9 }), must("qwen-plus", { noThink: false })]).toEqual([
      true,
      true,
    ]);
  });
});

describe("parameters", () => {
  it.each<[string, Fields, Fields]>([
    [
      "openai gpt-4o",
      { ...openai, model: "gpt-4o" },
      without("top_k", "min_p", "repetition_penalty"),
    ],
    [
      "openai o3",
      { ...openai, model: "o3" },
      {
        stop: ALL.stop,
        seed: 7,
        parallel_tool_calls: true,
        service_tier: "flex",
        store: true,
        metadata: { a: "b" },
        user: "u",
      },
    ],
    [
      "dashscope",
      dashscope,
      {
        ...without(
          "frequency_penalty",
          "logit_bias",
          "service_tier",
          "store",
          "metadata",
          "user",
          "min_p",
        ),
        top_logprobs: 5,
      },
    ],
    ["zhipu", zhipu, { temperature: 1, top_p: 0.9, stop: ["a"], user_id: "u" }],
    [
      "siliconflow",
      siliconflow,
      {
        ...without("logit_bias", "service_tier", "store", "metadata", "user"),
        stop: ["a", "b", "c", "d"],
      },
    ],
    [
      "deepseek, thinking",
      deepseek,
      {
        stop: ALL.stop,
        parallel_tool_calls: true,
        service_tier: "flex",
        store: true,
        metadata: { a: "b" },
        user: "u",
      },
    ],
    [
      "deepseek, not thinking",
      { ...deepseek, no_think: true },
      {
        ...without("top_k", "min_p", "repetition_penalty", "seed", "logit_bias"),
        thinking: { type: "disabled" },
      },
    ],
    [
      "moonshot k2.6",
      kimi,
      {
        stop: ALL.stop,
        seed: 7,
        logprobs: true,
        top_logprobs: 9,
        parallel_tool_calls: true,
        metadata: { a: "b" },
        user: "u",
      },
    ],
    ["vllm", on("vllm"), ALL],
    ["sglang", on("sglang"), ALL],
    [
      "ollama",
      on("ollama"),
      {
        temperature: 1.5,
        top_p: 0.9,
        frequency_penalty: 0.1,
        presence_penalty: 0.2,
        stop: ALL.stop,
        seed: 7,
      },
    ],
    [
      "ollama_native",
      on("ollama_native"),
      without("logit_bias", "parallel_tool_calls", "service_tier", "store", "metadata", "user"),
    ],
    ["lmstudio", on("lmstudio"), without("service_tier", "store", "metadata")],
    ["llamacpp", on("llamacpp"), without("service_tier", "store", "metadata")],
    ["openrouter", openrouter, ALL],
  ])("reach %s as it takes them", (_, fields, expected) => {
    expect(bodyOf({ ...fields, ...ALL })).toEqual(expected);
  });

  it("are named once each when they are left out or changed", () => {
    const warnings: string[] = [];
    const model = modelOf({ ...zhipu, temperature: 1.5, seed: 7, stop: ["a", "b"] }, warnings);
    for (let call = 0; call < 3; call++)
      requestBody(model, { base: {}, overrides: {}, isStreamed: true });
    expect(warnings).toEqual([
      expect.stringContaining("seed is not sent"),
      expect.stringContaining("temperature is sent within 0 to 1"),
      expect.stringContaining("only the first 1 of stop"),
    ]);
  });

  it("come from the call, then the run, then the file", () => {
    const file = { top_p: 0.1, seed: 1, stop: ["file"], temperature: 0.1, out_tokens: 50 };
    const run = {
      top_p: 0.2,
      seed: 2,
      max_tokens: 40,
      extra_body: { a: 1 },
      drop_params: ["stop"],
    };
    const overrides = { temperature: 0.4, parameters: run };
    expect(bodyOf(file, { overrides })).toEqual({
      top_p: 0.2,
      seed: 2,
      temperature: 0.4,
      max_tokens: 40,
      a: 1,
    });
    const options = {
      top_p: 0.3,
      temperature: 0.9,
      max_completion_tokens: 30,
      extra_body: { a: 2 },
    };
    expect(bodyOf(file, { overrides, options })).toEqual({
      top_p: 0.3,
      seed: 2,
      temperature: 0.9,
      max_tokens: 30,
      a: 2,
    });
    expect(bodyOf(file, { base: { seed: 9 }, overrides })["seed"]).toBe(9);
  });

  it("ask for several answers only where the answer is whole", () => {
    const warnings: string[] = [];
    expect(bodyOf({ n: 2 }, { isStreamed: false })).toEqual({ n: 2 });
    expect(bodyOf({ n: 2 }, { warnings })).toEqual({});
    expect(warnings).toEqual([expect.stringContaining("n is not sent with streams")]);
    expect(bodyOf({ ...dashscope, n: 9, no_think: true }, { isStreamed: false })["n"]).toBe(4);
    const base = { tools: [{}] };
    expect(bodyOf({ ...dashscope, n: 2 }, { isStreamed: false, base })).not.toHaveProperty("n");
  });

  it("ask for usage only in a stream, and only where the server has it", () => {
    const base = { stream_options: { include_usage: true } };
    expect(bodyOf({}, { base })).toEqual(base);
    expect(bodyOf({}, { base, isStreamed: false })).toEqual({});
    expect(bodyOf({ capabilities: { stream_usage: false } }, { base })).toEqual({});
  });

  it("leave out what the model file says that the model cannot", () => {
    const base = { tools: [{}], tool_choice: "auto", logprobs: true };
    const capabilities = { tools: false, logprobs: false };
    expect(bodyOf({ capabilities }, { base })).toEqual({});
  });

  it("keep max_tokens under its own name everywhere but at OpenAI's reasoning models", () => {
    const limit = { out_tokens: 9 };
    expect(bodyOf({ ...openai, model: "o3", ...limit })).toEqual({ max_completion_tokens: 9 });
    const others = [openai, dashscope, zhipu, siliconflow, deepseek, kimi, openrouter];
    const local = ["vllm", "sglang", "ollama", "ollama_native", "lmstudio", "llamacpp"].map(on);
    for (const fields of [...others, ...local])
      expect(bodyOf({ ...fields, ...limit })).toEqual({ max_tokens: 9 });
  });

  it("offer Ollama only the tool that must be called, for it knows no tool_choice", () => {
    const tool = (name: string) => ({ type: "function", function: { name } });
    const base = { tools: [tool("a"), tool("b")], tool_choice: tool("b") };
    expect(bodyOf(on("ollama"), { base })).toEqual({ tools: [tool("b")] });
  });

  it("strip the mark of a schema that Kimi stumbles over", () => {
    const schema = { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object" };
    const format = { type: "json_schema", json_schema: { name: "x", schema } };
    expect(bodyOf({ ...kimi, response_format: format })["response_format"]).toEqual({
      type: "json_schema",
      json_schema: { name: "x", schema: { type: "object" } },
    });
  });
});

describe("the dialect of an address", () => {
  it.each([
    ["https://api.openai.com/v1", "openai"],
    ["https://dashscope.aliyuncs.com/compatible-mode/v1", "dashscope"],
    ["https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "dashscope"],
    ["https://dashscope-us.aliyuncs.com/compatible-mode/v1", "dashscope"],
    ["https://cn-hongkong.dashscope.aliyuncs.com/compatible-mode/v1", "dashscope"],
    ["https://ws1.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1", "dashscope"],
    ["https://open.bigmodel.cn/api/paas/v4", "zhipu"],
    ["https://api.z.ai/api/paas/v4", "zhipu"],
    ["https://api.siliconflow.cn/v1", "siliconflow"],
    ["https://api.siliconflow.com/v1", "siliconflow"],
    ["https://api.deepseek.com/beta", "deepseek"],
    ["https://api.moonshot.cn/v1", "moonshot"],
    ["https://api.moonshot.ai/v1", "moonshot"],
    ["https://api.kimi.com/coding/v1", "moonshot"],
    ["https://openrouter.ai/api/v1", "openrouter"],
    ["http://localhost:11434/v1", "ollama"],
    ["http://127.0.0.1:1234/v1", "lmstudio"],
    ["http://localhost:8000/v1", "vllm"],
    ["http://[::1]:30000/v1", "sglang"],
    ["http://host.docker.internal:8080/v1", "llamacpp"],
    ["http://localhost:9999/v1", "generic"],
    ["https://gateway.example.org:8000/v1", "generic"],
    ["https://api.deepseek.com.example.org/v1", "generic"],
  ])("%s is %s", (url, name) => {
    expect(modelOf({ url }).dialect.name).toBe(name);
    expect(modelOf({ url, server_type: "sglang" }).dialect.name).toBe("sglang");
    expect(modelOf({ url, server_type: "sglang", dialect: "zhipu" }).dialect.name).toBe("zhipu");
  });
});
