import { describe, expect, it } from "vitest";
import { parseModelConfig } from "../config/model-config.ts";
import { systemClock } from "../core/clock.ts";
import { Model } from "./model.ts";
import { requestBody, type CallOverrides } from "./request-body.ts";

function bodyOf(
  fields: Record<string, unknown>,
  {
    isStreamed = true,
    overrides = {},
    base = {},
  }: { isStreamed?: boolean; overrides?: CallOverrides; base?: Record<string, unknown> } = {},
) {
  const all = { model: "m", url: "http://127.0.0.1:1/v1", ...fields };
  const config = parseModelConfig(all, { file: "x.json", dir: ".", env: {} });
  const model = new Model(config, { clock: systemClock, log: undefined });
  const { model: name, ...rest } = requestBody(model, {
    base: { model: model.modelName, ...base },
    overrides,
    isStreamed,
  });
  expect(name).toBe(all.model);
  return rest;
}

const dashscope = { url: "https://dashscope.aliyuncs.com/compatible-mode/v1", model: "qwen3-4b" };
const workspace = { url: "https://ws1.cn-beijing.maas.aliyuncs.com/compatible-mode/v1" };
const zhipu = { url: "https://open.bigmodel.cn/api/paas/v4", model: "glm-4.6" };
const siliconflow = { url: "https://api.siliconflow.cn/v1", model: "Qwen/Qwen3-8B" };
const openai = { url: "https://api.openai.com/v1" };
const vllm = { server_type: "vllm" };
const limit = { out_tokens: 100 };

const tool = (name: string) => ({ type: "function", function: { name } });

describe("requestBody", () => {
  it.each([
    [
      "dashscope off",
      { ...dashscope, no_think: true, temperature: 0.7, ...limit },
      { enable_thinking: false, temperature: 0.7, max_tokens: 100 },
    ],
    ["dashscope on", { ...dashscope, no_think: false }, { enable_thinking: true }],
    ["dashscope unset", dashscope, {}],
    ["dashscope workspace host", { ...workspace, no_think: true }, { enable_thinking: false }],
    [
      "a host that only looks like DashScope",
      { url: "https://evil-dashscope.aliyuncs.com.example.org/v1", no_think: true },
      {},
    ],
    [
      "zhipu off",
      { ...zhipu, no_think: true, ...limit },
      { thinking: { type: "disabled" }, max_tokens: 100 },
    ],
    ["zhipu on", { ...zhipu, no_think: false }, { thinking: { type: "enabled" } }],
    ["zhipu without thinking", { ...zhipu, model: "glm-4-plus", no_think: true }, {}],
    ["zhipu at temperature 0", { ...zhipu, temperature: 0 }, { do_sample: false }],
    [
      "siliconflow off",
      { ...siliconflow, no_think: true, ...limit },
      { enable_thinking: false, max_tokens: 100 },
    ],
    [
      "siliconflow without thinking",
      { ...siliconflow, model: "Qwen/Qwen2.5-7B-Instruct", no_think: true },
      {},
    ],
    [
      "openai gpt-5",
      { ...openai, model: "gpt-5-mini", no_think: true, temperature: 0.5, ...limit },
      { reasoning_effort: "minimal", max_completion_tokens: 100 },
    ],
    [
      "openai gpt-5.1",
      { ...openai, model: "gpt-5.1", no_think: true },
      { reasoning_effort: "none" },
    ],
    [
      "openai o3",
      { ...openai, model: "o3", no_think: true, top_p: 0.5, ...limit },
      { max_completion_tokens: 100 },
    ],
    [
      "openai gpt-4o",
      { ...openai, model: "gpt-4o", no_think: true, temperature: 0.5, ...limit },
      { temperature: 0.5, max_tokens: 100 },
    ],
    [
      "vllm off",
      { ...vllm, no_think: true, ...limit },
      { chat_template_kwargs: { enable_thinking: false }, max_tokens: 100 },
    ],
    [
      "vllm on, beside extra_body",
      { ...vllm, no_think: false, extra_body: { chat_template_kwargs: { a: 1 } } },
      { chat_template_kwargs: { enable_thinking: true, a: 1 } },
    ],
    ["demo", { server_type: "demo", no_think: false }, { enable_thinking: true }],
    ["generic", { no_think: true, ...limit }, { max_tokens: 100 }],
    [
      "explicit dialect over server_type and host",
      { ...openai, dialect: "vllm", no_think: true },
      { chat_template_kwargs: { enable_thinking: false } },
    ],
    [
      "chosen limit field",
      { max_tokens_field: "max_completion_tokens", ...limit },
      { max_completion_tokens: 100 },
    ],
    ["no limit field", { max_tokens_field: "none", ...limit }, {}],
    [
      "sampling",
      { top_p: 0.9, seed: 7, stop: ["x"], frequency_penalty: 0.1, user: "u", top_k: 3 },
      { top_p: 0.9, seed: 7, stop: ["x"], frequency_penalty: 0.1, user: "u", top_k: 3 },
    ],
    ["n is not for streams", { n: 2 }, {}],
    [
      "drop_params",
      { temperature: 1, top_p: 1, drop_params: ["top_p", "model"] },
      { temperature: 1 },
    ],
  ])("%s", (_, fields, expected) => {
    expect(bodyOf(fields)).toEqual(expected);
  });

  it("never asks DashScope for thinking in a call that is not streamed", () => {
    expect(bodyOf({ ...dashscope, no_think: false }, { isStreamed: false })).toEqual({
      enable_thinking: false,
    });
  });

  it("lets extra_body win over all but model, messages and stream", () => {
    const fields = {
      temperature: 0.5,
      extra_body: { model: "z", messages: [], stream: false, temperature: 0.1 },
    };
    expect(bodyOf(fields, { base: { stream: true } })).toEqual({ stream: true, temperature: 0.1 });
  });

  it("takes overrides, but no longer answer than the operator allows", () => {
    const overrides = { temperature: 0, maxTokens: 500, noThink: false };
    expect(bodyOf({ ...vllm, temperature: 1, no_think: true, ...limit }, { overrides })).toEqual({
      temperature: 0,
      max_tokens: 100,
      chat_template_kwargs: { enable_thinking: true },
    });
  });

  it("offers Zhipu, which knows only auto, just the tool that must be called", () => {
    const base = { tools: [tool("a"), tool("b")], tool_choice: tool("b") };
    expect(bodyOf(zhipu, { base })).toEqual({ tools: [tool("b")], tool_choice: "auto" });
    expect(bodyOf(zhipu, { base: { ...base, tool_choice: "none" } })).toEqual({});
  });
});
