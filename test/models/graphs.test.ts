import { Command, MemorySaver } from "@langchain/langgraph";
import { beforeEach, describe, expect, it } from "vitest";
import { graph as approval } from "../../graphs/approval.ts";
import { graph as chat } from "../../graphs/chat.ts";
import { contextOf, prompt } from "../../src/graphkit.ts";
import { ModelRegistry } from "../../src/models/registry.ts";
import { MemoryLimiter } from "../../src/models/limits/memory-limiter.ts";
import { TokenFactors } from "../../src/models/tokens/token-factors.ts";
import type { PromptRequest } from "../../src/prompts/library.ts";
import { installRuntime } from "../../src/models/runtime-handle.ts";
import * as fake from "../support/fake-provider.ts";
import { NO_FILES, testRuntime } from "./support.ts";

const DEMO = { server_type: "demo", input_tokens: 32_768 };

let thread = 0;
const onThread = () => ({ configurable: { thread_id: String(thread) } });
const say = (text: string) => ({ messages: [{ role: "user", content: text }] });

beforeEach(() => {
  thread++;
  chat.checkpointer = new MemorySaver();
  approval.checkpointer = new MemorySaver();
});

/** LangGraph's types ask for every key of a context, of which all are optional. */
const partial = (context: Record<string, unknown>) => context as never;

async function ask(text: string, context: Record<string, unknown> = {}): Promise<string> {
  const { messages } = await chat.invoke(say(text), { ...onThread(), context: partial(context) });
  return messages.at(-1)?.text ?? "";
}

describe("graphs/chat", () => {
  it("remembers the thread", async () => {
    using _ = testRuntime({ demo: DEMO });
    await ask("你好，我叫羚伊");
    expect(await ask("我叫什么名字？")).toContain("羚伊");
  });

  it("runs the tool loop and streams tokens whose last message knows why it ended", async () => {
    using runtime = testRuntime({ demo: DEMO });
    const parts: string[] = [];
    const stream = await chat.stream(say("计算 12*7"), {
      ...onThread(),
      streamMode: ["messages", "values"],
    });
    let last: unknown;
    for await (const [mode, value] of stream) {
      if (mode === "messages") parts.push(value[0].getType());
      else last = value.messages.at(-1);
    }
    expect(last).toMatchObject({
      text: expect.stringContaining("84"),
      response_metadata: { finish_reason: "stop" },
    });
    expect(parts).toContain("tool");
    expect(parts.length).toBeGreaterThan(4);
    expect(runtime.used).toHaveLength(2);
  });

  it("offers only the tools of the context, none for []", async () => {
    using _ = testRuntime({ demo: DEMO });
    expect(await ask("12*7", { tools: [] })).toContain("offline demo");
    expect(await ask("12*7", { tools: ["clock"] })).toContain("offline demo");
    expect(await ask("12*7", { tools: ["calculator"] })).toContain("84");
    await expect(ask("hi", { tools: ["calcluator"] })).rejects.toThrow('did you mean "calculator"');
  });

  it("feeds a failing tool's error back to the model", async () => {
    const call = {
      id: "c1",
      type: "function",
      function: { name: "clock", arguments: '{"timezone":"Mars/Base"}' },
    };
    await using provider = await fake.fakeProvider(
      fake.completion({ content: "", tool_calls: [call] }, "tool_calls"),
      fake.text("sorry"),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key" } });
    expect(await ask("time on Mars?")).toBe("sorry");
    const sent = provider.lastBody["messages"];
    expect(JSON.stringify(sent)).toContain("Invalid time zone");
  });

  it("uses the prompt of the context and trims to the model's limit", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key", input_tokens: 240 } });
    const context = { system_prompt: "be brief", tools: [] };
    await ask("a ".repeat(200), context);
    await ask("b ".repeat(200), context);
    const sent = JSON.stringify(provider.lastBody["messages"]);
    expect(sent).toContain("be brief");
    expect(sent).toContain("b b b");
    expect(sent).not.toContain("a a a");
  });

  it("takes prompt, language and model of the context, and a prompt's own model", async () => {
    await using provider = await fake.fakeProvider(
      ...Array.from({ length: 4 }, () => fake.text("ok")),
    );
    const at = (model: string) => ({ model, url: provider.url, api_key: "test-key" });
    const render = (name: string, { language }: PromptRequest = {}) => ({
      text: [name, language].join(" "),
      model: name === "poet" ? "of-prompt" : undefined,
    });
    using _ = testRuntime({ a: at("a"), "of-prompt": at("own"), b: at("b") }, { render });
    const sent = async (context: Record<string, unknown>) => {
      await ask("hi", { ...context, tools: [] });
      const { model, messages } = provider.lastBody;
      return [model, Array.isArray(messages) ? messages[0] : undefined];
    };
    const system = (content: string) => ({ role: "system", content });
    expect(await sent({ language: "zh-CN" })).toEqual(["a", system("chat zh-CN")]);
    expect(await sent({ prompt: "poet" })).toEqual(["own", system("poet ")]);
    expect(await sent({ prompt: "poet", model: "b" })).toEqual(["b", system("poet ")]);
    expect(await sent({ prompt: "poet", system_prompt: "x" })).toEqual(["a", system("x")]);
  });

  it("does not run a tool that was not offered", async () => {
    const call = {
      id: "c1",
      type: "function",
      function: { name: "calculator", arguments: '{"input":"1+1"}' },
    };
    await using provider = await fake.fakeProvider(
      fake.completion({ content: "", tool_calls: [call] }, "tool_calls"),
      fake.text("fine"),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key" } });
    await ask("hi", { tools: ["clock"] });
    expect(JSON.stringify(provider.lastBody["messages"])).toContain("not found");
  });
});

describe("tool_policy of graphs/chat", () => {
  const context = { tool_policy: { calculator: "ask" } };
  const decided = async (decision: object) => {
    const resume = new Command({ resume: { decisions: [decision] } });
    const { messages } = await chat.invoke(resume as never, {
      ...onThread(),
      context: partial(context),
    });
    return messages.filter(({ type }) => type === "tool").map(({ text }) => text);
  };

  it.each([
    [{ type: "approve" }, "84"],
    [{ type: "edit", edited_action: { name: "calculator", args: { input: "1+1" } } }, "2"],
    [{ type: "reject", message: "no sums" }, "Error: a human refused this call. no sums"],
    [{ type: "respond", message: "about 80" }, "about 80"],
  ])("asks a human before the call, who says %j", async (decision, result) => {
    using _ = testRuntime({ demo: DEMO });
    const state: object = await chat.invoke(say("计算 12*7"), {
      ...onThread(),
      context: partial(context),
    });
    expect(state).toMatchObject({
      __interrupt__: [
        {
          value: {
            action_requests: [{ name: "calculator", args: { input: "12*7" } }],
            review_configs: [{ action_name: "calculator" }],
          },
        },
      ],
    });
    expect(await decided(decision)).toEqual([expect.stringContaining(result)]);
  });

  it("runs what is allowed beside a call that cannot be read", async () => {
    const call = (id: string, input: string) => ({
      id,
      type: "function",
      function: { name: "calculator", arguments: input },
    });
    const tool_calls = [call("c1", '{"input":"2*3"}'), call("c2", '{"input":')];
    await using provider = await fake.fakeProvider(
      fake.completion({ content: "", tool_calls }, "tool_calls"),
      fake.text("done"),
    );
    using _ = testRuntime({ a: { url: provider.url, api_key: "test-key" } });
    expect(await ask("sums")).toBe("done");
    const sent = JSON.stringify(provider.lastBody["messages"]);
    expect(sent).toContain('"content":"6"');
    expect(sent).toContain("was not run");
  });

  it("never runs what is denied", async () => {
    using _ = testRuntime({ demo: DEMO });
    const { messages } = await chat.invoke(say("计算 12*7"), {
      ...onThread(),
      context: partial({ tool_policy: { calculator: "deny" } }),
    });
    expect(messages.find(({ type }) => type === "tool")?.text).toBe("Error: calculator is denied.");
  });
});

async function draft() {
  const state = await approval.invoke(say("say hello"), onThread());
  return state as typeof state & { __interrupt__: { value: unknown }[] };
}
const resume = async (value: unknown) => {
  const { messages } = await approval.invoke(new Command({ resume: value }), onThread());
  return messages.at(-1)?.text;
};

describe("graphs/approval", () => {
  it("asks in the HITL schema", async () => {
    using _ = testRuntime({ demo: DEMO });
    expect((await draft()).__interrupt__[0]?.value).toMatchObject({
      action_requests: [{ name: "send_message", args: { text: expect.any(String) } }],
      review_configs: [
        { action_name: "send_message", allowed_decisions: ["approve", "edit", "reject"] },
      ],
    });
  });

  it.each([
    [{ decisions: [{ type: "approve" }] }, /^Sent: I received/],
    ["approve", /^Sent: I received/],
    [
      {
        decisions: [
          { type: "edit", edited_action: { name: "send_message", args: { text: "yo" } } },
        ],
      },
      /^Sent: yo$/,
    ],
    [{ decisions: [{ type: "reject", message: "too short" }] }, /^Not sent \(too short\)\.$/],
  ])("resumes with %j", async (decision, expected) => {
    using _ = testRuntime({ demo: DEMO });
    await draft();
    expect(await resume(decision)).toMatch(expected);
  });

  it("asks again after an answer that is no decision", async () => {
    using _ = testRuntime({ demo: DEMO });
    await draft();
    await resume({ nonsense: 1 });
    expect(await resume("approve")).toMatch(/^Sent/);
  });
});

describe("graphkit", () => {
  it("reads context over configurable, ignores what is not its own, and refuses wrong types", () => {
    const config = {
      configurable: { model: "a", temperature: 0.1, thread_id: "t" },
      context: { temperature: 0.2, tools: null },
    };
    expect(contextOf(config)).toEqual({ model: "a", temperature: 0.2 });
    expect(() => contextOf({ context: { tools: "clock" } })).toThrow("tools: ");
  });

  it("fills a prompt from the variables, the context and the configurable", () => {
    const uninstall = installRuntime({
      version: 1,
      limiter: new MemoryLimiter(),
      factors: new TokenFactors(),
      models: new ModelRegistry([], undefined),
      prompts: { render: (...asked) => ({ text: JSON.stringify(asked), model: "of-prompt" }) },
      files: NO_FILES,
      usage: { record: () => undefined },
    });
    const config = { configurable: { a: 1, b: 1, c: 1, deep: {} }, context: { b: 2, c: 2 } };
    expect(JSON.parse(prompt("p", config, { c: 3 }))).toEqual([
      "p",
      { variables: { a: 1, b: 2, c: 3 } },
    ]);
    uninstall();
  });
});
