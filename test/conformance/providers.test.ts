import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { coerceMessageLikeToMessage } from "@langchain/core/messages";
import { Client, type Message } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import type { Loose } from "../support/calls.ts";
import {
  COUNTS,
  fieldsOf,
  messagesSent,
  type Reply,
  SHAPES,
  type Shape,
  shapedProvider,
} from "../support/provider-shapes/index.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, startTestServer } from "../support/test-server.ts";

const KEY = "the-key-of-the-fake-upstream";
const FIRST = "先算，then say";
const SECOND = "It is 84.";
const REPLIES: Reply[] = [
  { reasoning: FIRST, calls: [{ name: "calculator", args: { input: "12*7" } }] },
  { reasoning: SECOND, text: "是 84。" },
];

/** Our server with one model of this provider, and an official client of it. */
async function served(shape: Shape, fields: Record<string, unknown> = {}, replies = REPLIES) {
  const upstream = await shapedProvider(shape, ...replies);
  const folder = tempFolder();
  const file = { ...fieldsOf(shape, upstream), api_key: KEY, pay_in: 1, pay_out: 2, ...fields };
  writeFileSync(join(folder.path, "it.json"), JSON.stringify(file));
  const server = await startTestServer({
    langgraph: OWN_GRAPHS,
    settings: { models_dir: folder.path, default_model: "it" },
  });
  return {
    upstream,
    client: new Client({ apiUrl: server.url, apiKey: null }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function ask(client: Client, config: Loose = {}) {
  const { thread_id } = await client.threads.create();
  const parts: Loose[] = [];
  for await (const part of client.runs.stream(thread_id, "chat", {
    input: { messages: [{ type: "human", content: "计算 12*7" }] },
    streamMode: ["messages-tuple", "values"],
    ...config,
  }))
    parts.push(part);
  const state = await client.threads.getState<{ messages: Message[] }>(thread_id);
  return { parts, messages: state.values.messages as Loose[] };
}

/** What the chunks of answers say, put together. */
const streamed = (parts: Loose[], read: (message: Loose) => string | undefined): string =>
  parts
    .filter(
      ({ event, data }) => event === "messages" && /^(?:ai|AIMessageChunk)$/.test(data[0].type),
    )
    .map(({ data }): string => read(data[0]) ?? "")
    .join("");

describe.each(Object.entries(SHAPES))("a run of graphs/chat.ts over %s", (name, shape) => {
  it("calls a tool, answers, and shows reasoning and usage apart from the answer", async () => {
    await using s = await served(shape);
    const { parts, messages } = await ask(s.client);
    const hasReasoning = name !== "openai";

    expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai"]);
    expect(messages[1].tool_calls).toMatchObject([{ name: "calculator", args: { input: "12*7" } }]);
    expect(messages[1].content).toBe("");
    expect(messages[2].content).toBe("84");
    expect(messages[3].content).toBe("是 84。");
    const thoughts = [messages[1], messages[3]].map((it) => it.additional_kwargs.reasoning_content);
    expect(thoughts).toEqual(hasReasoning ? [FIRST, SECOND] : [undefined, undefined]);
    for (const message of [messages[1], messages[3]])
      expect(message.usage_metadata).toMatchObject({
        input_tokens: COUNTS.prompt,
        output_tokens: COUNTS.answer,
        total_tokens: COUNTS.total,
      });
    expect(messages[3].response_metadata.finish_reason).toBe("stop");
    expect(streamed(parts, ({ content }) => content)).toBe("是 84。");
    expect(streamed(parts, (it) => it.additional_kwargs?.reasoning_content)).toBe(
      hasReasoning ? FIRST + SECOND : "",
    );
    expect(parts.filter(({ event }) => event === "error")).toEqual([]);
    const sent: Loose[] = messagesSent(shape, s.upstream.lastBody);
    expect(sent.map(({ role }) => role).slice(1)).toEqual(["user", "assistant", "tool"]);
    expect(JSON.stringify(parts)).not.toContain(KEY);
  });
});

describe("reasoning", () => {
  const shape = SHAPES["vllm"] ?? expect.fail();
  const simple = [{ reasoning: FIRST, text: "ok" }];
  const modes = ["values", "updates", "messages", "messages-tuple", "debug"] as const;

  it.each(modes)("reaches a client that listens to %s, in the same field", async (mode) => {
    await using s = await served(shape, {}, simple);
    const { parts } = await ask(s.client, { streamMode: [mode] });
    const last = answersIn(parts).findLast((it) => it.additional_kwargs?.reasoning_content);
    expect(last?.additional_kwargs.reasoning_content).toBeDefined();
    const whole = answersIn(parts).findLast(
      (it) => it.additional_kwargs?.reasoning_content === FIRST,
    );
    const pieces = answersIn(parts).map((it) => it.additional_kwargs?.reasoning_content ?? "");
    expect(whole !== undefined || pieces.join("") === FIRST).toBe(true);
    for (const message of answersIn(parts)) expect(message.content).not.toContain(FIRST);
  });

  it("is a content block for a client that makes messages of what it gets", async () => {
    await using s = await served(shape, {}, simple);
    const { messages } = await ask(s.client);
    const message = coerceMessageLikeToMessage(messages.at(-1));
    expect(message.contentBlocks).toMatchObject([
      { type: "reasoning", reasoning: FIRST },
      { type: "text", text: "ok" },
    ]);
  });

  it("never comes into a later prompt where the provider does not ask for it", async () => {
    await using s = await served(shape, {}, simple);
    const { thread_id } = await s.client.threads.create();
    for (const content of ["one", "two"])
      await s.client.runs.wait(thread_id, "chat", {
        input: { messages: [{ type: "human", content }] },
      });
    expect(s.upstream.requests).toHaveLength(2);
    expect(JSON.stringify(s.upstream.lastBody)).toContain("two");
    expect(JSON.stringify(s.upstream.lastBody)).not.toContain(FIRST);
  });
});

/** Every answer of a model anywhere in what a client got. */
function answersIn(value: Loose): Loose[] {
  if (typeof value !== "object" || value === null) return [];
  const kwargs = value.lc === 1 ? value.kwargs : value;
  if ("additional_kwargs" in kwargs && "content" in kwargs) return [kwargs];
  return Object.values(value).flatMap(answersIn);
}

describe("the context of a run", () => {
  const dashscope = SHAPES["dashscope"] ?? expect.fail();
  const simple = [{ reasoning: FIRST, text: "ok" }];

  it("sets thinking and any parameter of the call", async () => {
    await using s = await served(dashscope, {}, simple);
    const context = {
      thinking_budget: 256,
      temperature: 0.3,
      max_tokens: 99,
      model_parameters: { top_p: 0.5, seed: 3, stop: ["END"], extra_body: { enable_search: true } },
    };
    const { messages } = await ask(s.client, { context });
    expect(messages.at(-1).content).toBe("ok");
    expect(s.upstream.lastBody).toMatchObject({
      enable_thinking: true,
      thinking_budget: 256,
      temperature: 0.3,
      max_tokens: 99,
      top_p: 0.5,
      seed: 3,
      stop: ["END"],
      enable_search: true,
    });
  });

  it("is refused with the name of a parameter that is none", async () => {
    await using s = await served(dashscope, {}, simple);
    const { thread_id } = await s.client.threads.create();
    const waited = s.client.runs.wait(thread_id, "chat", {
      input: { messages: [{ type: "human", content: "hi" }] },
      context: { model_parameters: { top_q: 1 } },
    });
    await expect(waited).rejects.toThrow(/top_q/);
    expect(s.upstream.requests).toEqual([]);
  });

  it("switches thinking off with no_think", async () => {
    await using s = await served(dashscope, {}, simple);
    await ask(s.client, { context: { no_think: true } });
    expect(s.upstream.lastBody["enable_thinking"]).toBe(false);
  });
});
