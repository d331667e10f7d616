import { createOpenAI } from "@ai-sdk/openai";
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
} from "../support/fake-provider.ts";
import { drain, openAiServer, type OpenAiServer } from "../support/openai-server.ts";
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

const CALL = {
  content: null,
  tool_calls: [
    { id: "call_1", type: "function", function: { name: "add", arguments: '{"a":1,"b":2}' } },
  ],
};

describe("a response of a model", () => {
  it("is made, remembered, continued, listed and deleted", async () => {
    await serve([
      completion({ content: "Hi", reasoning_content: "hm" }),
      completion({ content: "Again" }),
    ]);
    const first = await openai.responses.create({
      model: "it",
      instructions: "Be short.",
      input: "Hello",
      max_output_tokens: 50,
      text: { format: { type: "json_schema", name: "s", schema: { type: "object" } } },
    });
    expect(first).toMatchObject({
      object: "response",
      status: "completed",
      output_text: "Hi",
      output: [{ type: "reasoning" }, { type: "message", role: "assistant" }],
      usage: { input_tokens: 11, output_tokens: 7, total_tokens: 18 },
    });
    expect(upstream.lastBody).toMatchObject({
      max_tokens: 50,
      messages: [
        { role: "system", content: "Be short." },
        { role: "user", content: "Hello" },
      ],
      response_format: { type: "json_schema", json_schema: { name: "s" } },
    });
    const again = await openai.responses.retrieve(first.id);
    expect(again.output).toEqual(first.output);
    const second = await openai.responses.create({
      model: "it",
      input: "More",
      previous_response_id: first.id,
    });
    expect(second.output_text).toBe("Again");
    expect(upstream.lastBody["messages"]).toMatchObject([
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Hi" },
      { role: "user", content: "More" },
    ]);
    const items = await openai.responses.inputItems.list(second.id);
    expect(items.data).toMatchObject([{ role: "user", content: "More" }]);
    const replayed: Loose[] = await drain(
      await openai.responses.retrieve(first.id, { stream: true, starting_after: 1 }),
    );
    expect(replayed[0].sequence_number).toBe(2);
    expect(replayed.at(-1).response.output).toEqual(first.output);
    await openai.responses.delete(first.id);
    await expect(openai.responses.retrieve(first.id)).rejects.toMatchObject({ status: 404 });
  });

  it("keeps nothing without store, and says what is wrong before and in the middle of it", async () => {
    await serve([
      completion({ content: "Hi" }),
      json({ error: { message: "slow down" } }, { status: 429 }),
      stream([delta({ role: "assistant", content: "Hel" }), { error: { message: "overloaded" } }]),
    ]);
    const { id } = await openai.responses.create({ model: "it", input: "a", store: false });
    await expect(openai.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    await expect(openai.responses.create({ model: "it", input: "a" })).rejects.toMatchObject({
      status: 429,
    });
    const events: Loose[] = [];
    const streamed = await openai.responses.create({ model: "it", input: "a", stream: true });
    await expect(
      (async () => {
        for await (const event of streamed) events.push(event);
      })(),
    ).rejects.toThrow(/overloaded/);
    expect(events.at(-1)).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { message: expect.stringContaining("overloaded") } },
    });
    await expect(openai.responses.create({ model: "none", input: "a" })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
  });

  it("streams the events that strict clients demand, calls of the client's tools too", async () => {
    await serve([textStream("Hello"), completion(CALL), completion({ content: "3" })]);
    const running = openai.responses.stream({ model: "it", input: "Hello" });
    const names = (await drain(running)).map(({ type }) => type);
    expect(names.slice(0, 4)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
    ]);
    expect(names.slice(-4)).toEqual([
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    const final = await running.finalResponse();
    expect(final.output_text).toBe("Hello");
    expect((await openai.responses.retrieve(final.id)).output_text).toBe("Hello");
    const provider = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused" });
    const { text, steps } = await generateText({
      model: provider.responses("it"),
      prompt: "1 + 2?",
      tools: {
        add: tool({
          inputSchema: z.object({ a: z.number(), b: z.number() }),
          execute: ({ a, b }) => a + b,
        }),
      },
      stopWhen: stepCountIs(3),
    });
    expect(text).toBe("3");
    expect(steps).toHaveLength(2);
    expect(upstream.lastBody["messages"]).toMatchObject([
      { role: "user" },
      { role: "assistant", tool_calls: [{ id: "call_1", function: { name: "add" } }] },
      { role: "tool", tool_call_id: "call_1", content: "3" },
    ]);
  });

  it("serves the AI SDK's streams and LangChain", async () => {
    await serve([textStream("Hello"), completion({ content: "Hi" })]);
    const provider = createOpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused" });
    const streamed = streamText({ model: provider.responses("it"), prompt: "Hello" });
    expect(await streamed.text).toBe("Hello");
    expect(await streamed.finishReason).toBe("stop");
    const model = new ChatOpenAI({
      model: "it",
      apiKey: "unused",
      useResponsesApi: true,
      configuration: { baseURL: `${server.url}/v1` },
    });
    expect((await model.invoke("Hello")).text).toBe("Hi");
  });

  it("is made in the background", async () => {
    await serve([completion({ content: "Later" })]);
    const begun = await openai.responses.create({ model: "it", input: "a", background: true });
    expect(["queued", "in_progress"]).toContain(begun.status);
    const events: Loose[] = await drain(
      await openai.responses.retrieve(begun.id, { stream: true }),
    );
    expect(events.at(-1).response).toMatchObject({ status: "completed" });
    expect((await openai.responses.retrieve(begun.id)).output_text).toBe("Later");
    expect((await openai.responses.cancel(begun.id)).status).toBe("completed");
  });
});

it("takes two slashes before a path for one", async () => {
  await serve();
  expect((await fetch(`${server.url}//v1/models`)).status).toBe(200);
  expect((await fetch(`${server.url}//info`)).status).toBe(404);
});

describe("a response of a graph", () => {
  it("is a run on the thread of its conversation, which any response may be gone on from", async () => {
    await serve([textStream("A"), textStream("B"), textStream("C")]);
    const about = { model: "graph:chat", metadata: { model: "it" } };
    const first = await openai.responses.create({ ...about, input: "One" });
    expect(first).toMatchObject({ status: "completed", output_text: "A" });
    const next = { ...about, previous_response_id: first.id };
    const second = await openai.responses.create({ ...next, input: "Two" });
    expect(second.output_text).toBe("B");
    const third = await openai.responses.create({ ...next, input: "Three" });
    expect(third.output_text).toBe("C");
    const sent = upstream.lastBody["messages"] as Loose[];
    expect(sent.slice(-3)).toMatchObject([
      { role: "user", content: "One" },
      { role: "assistant", content: "A" },
      { role: "user", content: "Three" },
    ]);
    expect((await openai.responses.retrieve(second.id)).output).toEqual(second.output);
    const { data } = await openai.responses.inputItems.list(third.id);
    expect(data).toMatchObject([{ content: "Three" }]);
    for (const { id } of [first, second, third]) {
      await openai.responses.delete(id);
      await expect(openai.responses.retrieve(id)).rejects.toMatchObject({ status: 404 });
    }
    const found = await fetch(`${server.url}/threads/search`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    });
    expect(await found.json()).toEqual([]);
  });

  it("streams, and is cancelled in the background", async () => {
    await serve([stream([delta({ role: "assistant", content: "Hel" })], { isOpen: true })]);
    const running = openai.responses.stream({ model: "graph:chat", input: "Hello" });
    const final = await running.finalResponse();
    expect(final.output_text).not.toBe("");
    const slow = await openai.responses.create({
      model: "graph:chat",
      metadata: { model: "it" },
      input: "Hello",
      background: true,
    });
    const cancelled = await openai.responses.cancel(slow.id);
    expect(cancelled.status).toBe("cancelled");
  });
});
