/* oxlint-disable vitest/expect-expect -- okJson, refusal and gates hold the assertions */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type Message } from "@langchain/langgraph-sdk";
import { describe, expect, it } from "vitest";
import type { Loose } from "../support/calls.ts";
import {
  type Answer,
  delta,
  fakeProvider,
  stream,
  textStream,
  usageChunk,
} from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, startTestServer } from "../support/test-server.ts";

const KEY = "the-key-of-the-fake-upstream";
const CHUNK = { role: "assistant", content: "", reasoning_content: null };

/** The tutorials' own file; `dialect` only stands for the host name, which is loopback here. */
const tutorialFile = (url: string) => ({
  model_type: "chat",
  server_type: "openai",
  model: "qwen3-4b",
  url,
  api_key: KEY,
  pay_in: 0.3,
  pay_out: 1.2,
  input_tokens: 32768,
  out_tokens: 8192,
  temperature: 0.7,
  timeout: 60,
  no_think: true,
  dialect: "dashscope",
});

/** Our server with the tutorials' file, over an upstream that answers so. */
async function served(...answers: Answer[]) {
  const upstream = await fakeProvider(...answers);
  const folder = tempFolder();
  writeFileSync(join(folder.path, "qwen3-4b.json"), JSON.stringify(tutorialFile(upstream.url)));
  const server = await startTestServer({
    langgraph: OWN_GRAPHS,
    settings: { models_dir: folder.path, default_model: "qwen3-4b" },
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

/** Tells the name it finds in what it is sent, as a model with no memory of its own would. */
const rememberer: Answer = (response, request) => {
  const said = JSON.stringify(request.body["messages"]);
  const knows = said.includes("我叫羚伊") ? "你好，羚伊。" : "我不认识你。";
  textStream(knows)(response, request);
};

/** A tool call in DashScope's pieces: id and name come empty after the first. */
const toolCall = (name: string, pieces: string[], id = "call_1"): Answer =>
  stream([
    delta({
      ...CHUNK,
      tool_calls: [{ index: 0, id, type: "function", function: { name, arguments: "" } }],
    }),
    ...pieces.map((piece) =>
      delta({
        content: null,
        tool_calls: [
          { index: 0, id: "", type: "function", function: { name: "", arguments: piece } },
        ],
      }),
    ),
    delta({ content: "" }, "tool_calls"),
    usageChunk(),
  ]);

const human = (content: string) => ({ messages: [{ type: "human", content }] });

async function say(client: Client, thread: string, text: string): Promise<Loose[]> {
  const parts: Loose[] = [];
  const payload = {
    input: human(text),
    streamMode: ["messages-tuple" as const, "values" as const],
  };
  for await (const part of client.runs.stream(thread, "chat", payload)) parts.push(part);
  return parts;
}

const messagesOf = async (client: Client, thread: string): Promise<Message[]> =>
  (await client.threads.getState<{ messages: Message[] }>(thread)).values.messages;

describe("the tutorials' config file over an upstream of DashScope's shapes", () => {
  it("holds a conversation with memory", async () => {
    await using s = await served(rememberer);
    const { thread_id } = await s.client.threads.create();
    const parts = await say(s.client, thread_id, "你好，我叫羚伊");
    const pieces = parts
      .filter(({ event }) => event === "messages")
      .map(({ data }) => data[0].content)
      .filter((text: string) => text !== "");
    expect(pieces).toEqual(Array.from("你好，羚伊。"));
    await say(s.client, thread_id, "我叫什么名字？");
    const messages = await messagesOf(s.client, thread_id);
    expect(messages).toHaveLength(4);
    expect(messages.at(-1)).toMatchObject({
      content: "你好，羚伊。",
      usage_metadata: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
    });
    const sent = s.upstream.lastBody["messages"] as { role: string; content: string }[];
    expect(sent.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
    const stranger = await s.client.threads.create();
    await say(s.client, stranger.thread_id, "我叫什么名字？");
    expect((await messagesOf(s.client, stranger.thread_id)).at(-1)?.content).toBe("我不认识你。");
  });

  it("sends what the file says, under the key of this provider alone", async () => {
    await using s = await served(textStream("好"));
    const { thread_id } = await s.client.threads.create();
    await say(s.client, thread_id, "hi");
    const [request] = s.upstream.requests;
    expect(request?.path).toBe("/v1/chat/completions");
    expect(request?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(request?.body).toMatchObject({
      model: "qwen3-4b",
      stream: true,
      enable_thinking: false,
      temperature: 0.7,
      max_tokens: 8192,
      stream_options: { include_usage: true },
    });
    const known = [
      "model",
      "messages",
      "stream",
      "stream_options",
      "enable_thinking",
      "temperature",
      "max_tokens",
      "tools",
      "tool_choice",
      "parallel_tool_calls",
    ];
    expect(Object.keys(request?.body ?? {}).filter((key) => !known.includes(key))).toEqual([]);
    expect(JSON.stringify(await s.client.runs.list(thread_id))).not.toContain(KEY);
    expect(JSON.stringify(await s.client.threads.getHistory(thread_id))).not.toContain(KEY);
  });

  it("calls a tool from arguments that come in pieces, and sends the result back", async () => {
    await using s = await served(
      toolCall("calculator", ['{"inp', 'ut":"12', '*7"}']),
      textStream("是 84。"),
    );
    const { thread_id } = await s.client.threads.create();
    await say(s.client, thread_id, "计算 12*7");
    const messages = await messagesOf(s.client, thread_id);
    expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai"]);
    expect(messages[1]).toMatchObject({
      tool_calls: [{ name: "calculator", args: { input: "12*7" } }],
    });
    expect(messages[2]).toMatchObject({ content: "84", tool_call_id: "call_1" });
    expect(messages[3]?.content).toBe("是 84。");
    const sent = s.upstream.lastBody["messages"] as Loose[];
    expect(sent.at(-1)).toMatchObject({ role: "tool", tool_call_id: "call_1", content: "84" });
    expect(sent.at(-2).tool_calls[0]).toMatchObject({
      id: "call_1",
      function: { name: "calculator" },
    });
  });

  it("never runs a call whose arguments are cut, and tells the model so", async () => {
    await using s = await served(
      toolCall("calculator", ['{"input":"12*7"', ',"more":']),
      toolCall("calculator", ['{"input":"12*7"}'], "call_2"),
      textStream("是 84。"),
    );
    const { thread_id } = await s.client.threads.create();
    await say(s.client, thread_id, "计算 12*7");
    const messages = (await messagesOf(s.client, thread_id)) as Loose[];
    expect(messages.map(({ type }) => type)).toEqual(["human", "ai", "tool", "ai", "tool", "ai"]);
    expect(messages[1].tool_calls).toEqual([]);
    expect(messages[2]).toMatchObject({ status: "error", tool_call_id: "call_1" });
    expect(messages[2].content).toContain("was not run");
    expect(messages[4].content).toBe("84");
    const second = s.upstream.requests[1]?.body["messages"] as Loose[];
    expect(second.at(-1)).toMatchObject({ role: "tool", tool_call_id: "call_1" });
    expect(JSON.parse(second.at(-2).tool_calls[0].function.arguments)).toBeTypeOf("object");
  });

  it("closes the upstream's connection when the run is cancelled", async () => {
    await using s = await served(
      stream([delta(CHUNK), delta({ content: "半" })], { isOpen: true }),
    );
    const { thread_id } = await s.client.threads.create();
    const run = await s.client.runs.create(thread_id, "chat", {
      input: human("hi"),
      streamMode: "messages-tuple",
    });
    for await (const { event, data } of s.client.runs.joinStream(thread_id, run.run_id))
      if (event === "messages" && data[0].content === "半") break;
    expect(s.upstream.closedByClient).toBe(0);
    await s.client.runs.cancel(thread_id, run.run_id, true);
    await s.upstream.clientClosed();
    expect((await s.client.runs.get(thread_id, run.run_id)).status).toBe("interrupted");
  });

  it("closes it when the client that started the run goes away, where it asked for that", async () => {
    await using s = await served(
      stream([delta(CHUNK), delta({ content: "半" })], { isOpen: true }),
    );
    const { thread_id } = await s.client.threads.create();
    const leave = new AbortController();
    const started = s.client.runs.stream(thread_id, "chat", {
      input: human("hi"),
      streamMode: "messages-tuple",
      onDisconnect: "cancel",
      signal: leave.signal,
    });
    for await (const { event, data } of started)
      if (event === "messages" && (data as Loose)[0].content === "半") leave.abort();
    await s.upstream.clientClosed();
  });

  it("ends the run with the provider's reason when it refuses", async () => {
    const refused: Answer = (response) => {
      response.writeHead(400, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          error: { code: "Arrearage", message: "Access denied, please pay.", type: "Arrearage" },
        }),
      );
    };
    await using s = await served(refused);
    const { thread_id } = await s.client.threads.create();
    const waited = s.client.runs.wait(thread_id, "chat", { input: human("hi") });
    await expect(waited).rejects.toThrow("please pay");
    expect((await s.client.threads.get(thread_id)).status).toBe("error");
    expect(s.upstream.requests).toHaveLength(1);
    const state = await s.client.threads.getState(thread_id);
    expect(JSON.stringify(state)).not.toContain(KEY);
  });
});
