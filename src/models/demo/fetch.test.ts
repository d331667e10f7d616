import { describe, expect, it } from "vitest";
import { demoFetch } from "./fetch.ts";

const CALCULATOR = { type: "function", function: { name: "calculator", parameters: {} } };
const CLOCK = { type: "function", function: { name: "clock", parameters: {} } };

const user = (content: string) => ({ role: "user", content });

async function ask(body: Record<string, unknown>, signal?: AbortSignal): Promise<Response> {
  const init = { method: "POST", body: JSON.stringify({ model: "demo", ...body }) };
  return await demoFetch("http://demo.invalid", signal ? { ...init, signal } : init);
}

async function messageOf(body: Record<string, unknown>) {
  const answer = JSON.parse(await (await ask(body)).text());
  return answer.choices[0].message;
}

async function streamOf(response: Response) {
  const lines = (await response.text()).split("\n\n").filter((line) => line !== "");
  expect(lines.at(-1)).toBe("data: [DONE]");
  return lines.slice(0, -1).map((line) => JSON.parse(line.slice("data: ".length)));
}

describe("the demo model", () => {
  it.each([
    ["我叫什么名字？", [user("你好，我叫羚伊"), { role: "assistant", content: "你好" }], "羚伊"],
    ["你还记得我叫什么吗", [user("我的名字是小明。")], "小明"],
    ["what is my name?", [user("Hi, my name is Ada.")], "Ada"],
    ["What's my name?", [user("my name is Ada"), user("call me Bob")], "Bob"],
    ["what is my name?", [], "not told me"],
  ])("answers %s from the messages before it", async (question, before, expected) => {
    const { content } = await messageOf({ messages: [...before, user(question)] });
    expect(content).toContain(expected);
  });

  it("says in the user's language that it is an offline demo", async () => {
    expect((await messageOf({ messages: [user("tell me a story")] })).content).toContain(
      "offline demo, not a language model",
    );
    expect((await messageOf({ messages: [user("讲个故事")] })).content).toContain(
      "离线演示，不是语言模型",
    );
  });

  it.each([
    ["what is 12*7", "12*7"],
    ["计算 12*7", "12*7"],
    ["3 加 4", "3+4"],
    ["What is 2 plus 2 times 3?", "2+2*3"],
    ["10 除以 4 是多少", "10/4"],
    ["(1+2)*3=?", "(1+2)*3"],
  ])("calls the calculator for %s", async (question, input) => {
    const message = await messageOf({ messages: [user(question)], tools: [CALCULATOR] });
    const [call] = message.tool_calls;
    expect(call.function).toEqual({ name: "calculator", arguments: JSON.stringify({ input }) });
  });

  it.each(["what time is it", "现在几点", "现在几点了？"])(
    "calls the clock for %s",
    async (question) => {
      const message = await messageOf({ messages: [user(question)], tools: [CALCULATOR, CLOCK] });
      expect(message.tool_calls).toMatchObject([{ function: { name: "clock" } }]);
    },
  );

  it("calls no tool that is not offered, for a date, or against tool_choice none", async () => {
    expect(await messageOf({ messages: [user("12*7")] })).not.toHaveProperty("tool_calls");
    expect(
      await messageOf({ messages: [user("on 2024-01-02")], tools: [CALCULATOR] }),
    ).not.toHaveProperty("tool_calls");
    const none = { messages: [user("12*7")], tools: [CALCULATOR], tool_choice: "none" };
    expect(await messageOf(none)).not.toHaveProperty("tool_calls");
  });

  it("phrases the results of tools", async () => {
    const messages = [
      user("计算 12*7"),
      { role: "assistant", content: "" },
      { role: "tool", content: "84" },
    ];
    expect((await messageOf({ messages, tools: [CALCULATOR] })).content).toContain("84");
  });

  it("fills a forced tool's schema, for structured output", async () => {
    const parameters = {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" } },
    };
    const tools = [{ type: "function", function: { name: "extract", parameters } }];
    const tool_choice = { type: "function", function: { name: "extract" } };
    const message = await messageOf({ messages: [user("Oslo 3 days")], tools, tool_choice });
    expect(JSON.parse(message.tool_calls[0].function.arguments)).toEqual({
      city: "Oslo 3 days",
      days: 3,
    });
  });

  it.each([
    [{ enable_thinking: true }, "hi", true],
    [{}, "please think", true],
    [{}, "请思考", true],
    [{}, "hi", false],
    [{ enable_thinking: false }, "please think", false],
  ])("reasons with %j and %s: %s", async (switches, text, expected) => {
    const message = await messageOf({ messages: [user(text)], ...switches });
    expect("reasoning_content" in message).toBe(expected);
  });

  it("streams small chunks, the same as the whole answer, with usage at the end", async () => {
    const messages = [user("你好，我叫羚伊")];
    const whole = await messageOf({ messages, enable_thinking: true });
    const chunks = await streamOf(await ask({ messages, enable_thinking: true, stream: true }));
    const join = (key: string) =>
      chunks.map(({ choices: [choice] }) => choice?.delta[key] ?? "").join("");

    expect(chunks.length).toBeGreaterThan(10);
    expect(join("content")).toBe(whole.content);
    expect(join("reasoning_content")).toBe(whole.reasoning_content);
    expect(chunks.at(-1).usage.total_tokens).toBeGreaterThan(0);
  });

  it("keeps to max_tokens and says so", async () => {
    const answer = JSON.parse(
      await (await ask({ messages: [user("tell me a story")], max_tokens: 5 })).text(),
    );
    expect(answer.choices[0].finish_reason).toBe("length");
    expect(answer.usage.completion_tokens).toBeLessThanOrEqual(5);
  });

  it("stops a slow stream when it is aborted", async () => {
    const controller = new AbortController();
    const slow = { messages: [user("hi")], stream: true, demo: { delay_ms: 60_000 } };
    const response = await ask(slow, controller.signal);
    const text = response.text();
    controller.abort();
    await expect(text).rejects.toMatchObject({ name: "AbortError" });
  });

  it("answers 400 for a request that is none", async () => {
    expect((await ask({ messages: "no" })).status).toBe(400);
  });
});
