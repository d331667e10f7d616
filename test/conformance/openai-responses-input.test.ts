import { createOpenAI } from "@ai-sdk/openai";
import { generateText } from "ai";
import type OpenAI from "openai";
import { describe, expect, it } from "vitest";
import type { Loose } from "../support/calls.ts";
import { text } from "../support/fake-provider.ts";
import { openAiServer } from "../support/openai-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

const IMAGE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==";
const PDF = "data:application/pdf;base64,JVBERg==";
const AT = "https://example.com";

const PARTS: OpenAI.Responses.ResponseInputContent[] = [
  { type: "input_text", text: "What are these?" },
  { type: "input_image", image_url: IMAGE, detail: "low" },
  { type: "input_image", image_url: `${AT}/a.png`, detail: "auto" },
  { type: "input_file", file_data: PDF, filename: "a.pdf" },
  { type: "input_file", file_url: `${AT}/b.pdf` },
];

const SENT = [
  { type: "text", text: "What are these?" },
  { type: "image_url", image_url: { url: IMAGE, detail: "low" } },
  { type: "image_url", image_url: { url: `${AT}/a.png`, detail: "auto" } },
  { type: "file", file: { file_data: PDF, filename: "a.pdf" } },
  { type: "file", file: { file_data: `${AT}/b.pdf` } },
];

const seeing = () => openAiServer([text("a cat")], { dialect: "openrouter" });
const partsIn = (body: Record<string, unknown>): Loose =>
  (body["messages"] as Loose[]).find(({ role }) => role === "user").content;

describe("images and files, by address and in the request", () => {
  it.each(["it", "graph:chat"])("reach the model of %s", async (model) => {
    await using server = await seeing();
    const { output_text } = await server.openai.responses.create({
      model,
      input: [{ role: "user", content: PARTS }],
      metadata: { model: "it" },
    });
    expect(output_text).toBe("a cat");
    expect(partsIn(server.upstream.lastBody)).toEqual(SENT);
  });

  it.each(["it", "graph:chat"])("reach the model of %s by chat completions too", async (model) => {
    await using server = await seeing();
    const content = SENT as OpenAI.ChatCompletionContentPart[];
    const { choices } = await server.openai.chat.completions.create({
      model,
      messages: [{ role: "user", content }],
      metadata: { model: "it" },
    });
    expect(choices[0]?.message.content).toBe("a cat");
    expect(partsIn(server.upstream.lastBody)).toEqual(SENT);
  });

  it("come from the AI SDK, and in what a tool gave back", async () => {
    await using server = await seeing();
    const provider = createOpenAI({ baseURL: `${server.server.url}/v1`, apiKey: "unused" });
    const result = await generateText({
      model: provider.responses("it"),
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is it?" },
            { type: "file", data: Buffer.from("%PDF"), mediaType: "application/pdf" },
            { type: "file", data: new URL(`${AT}/a.png`), mediaType: "image/png" },
          ],
        },
      ],
    });
    expect(result.text).toBe("a cat");
    expect(partsIn(server.upstream.lastBody)).toMatchObject([
      { type: "text" },
      { type: "file", file: { file_data: PDF } },
      { type: "image_url", image_url: { url: `${AT}/a.png` } },
    ]);
    await server.openai.responses.create({
      model: "it",
      input: [
        { type: "function_call", call_id: "c", name: "look", arguments: "{}" },
        {
          type: "function_call_output",
          call_id: "c",
          output: [{ type: "input_image", image_url: IMAGE }],
        },
      ],
    });
    expect((server.upstream.lastBody["messages"] as Loose[]).at(-1)).toMatchObject({
      role: "tool",
      content: [{ type: "image_url", image_url: { url: IMAGE } }],
    });
  });

  it("are refused by name where they are only named, or said nothing of", async () => {
    await using server = await seeing();
    const ask = (...content: object[]) =>
      server.openai.responses.create({
        model: "it",
        input: [{ role: "user", content } as OpenAI.Responses.EasyInputMessage],
      });
    for (const part of [
      { type: "input_image", file_id: "file-1" },
      { type: "input_file", file_id: "file-1" },
      { type: "input_hologram" },
    ])
      await expect(ask(part)).rejects.toMatchObject({
        status: 400,
        param: "input",
        message: expect.stringContaining(part.type),
      });
    const thought = { type: "reasoning" as const, id: "rs_1", summary: [] };
    await expect(
      server.openai.responses.create({ model: "it", input: [thought] }),
    ).rejects.toMatchObject({ status: 400, param: "input" });
    expect(server.upstream.requests).toEqual([]);
  });
});

it("tells of a run its id and thread, and nothing of what it was asked with", async () => {
  await using server = await openAiServer([text("Hi")]);
  const asked = { model: "graph:chat", metadata: { model: "it" } };
  const { kagari, ...rest }: Loose = await server.openai.responses.create({
    ...asked,
    input: "Hi",
  });
  expect(Object.keys(kagari).toSorted()).toEqual(["run_id", "thread_id"]);
  expect(rest.status).toBe("completed");
  const said: Loose = await server.openai.chat.completions.create({
    ...asked,
    messages: [{ role: "user", content: "Hi" }],
  });
  expect(Object.keys(said.kagari).toSorted()).toEqual(["run_id", "thread_id"]);
});

it("refuses a conversation longer than it reads, rather than to forget its beginning", async () => {
  await using server = await openAiServer([text("Hi")]);
  const { responses } = server.server.ctx.storage;
  const first = await server.openai.responses.create({ model: "it", input: "One" });
  const kept = await responses.find(first.id.slice("resp_".length));
  if (!kept) throw new Error("it was not kept");
  let previous_id = kept.response_id;
  for (let count = 1; count < 1000; count++) {
    const response_id = crypto.randomUUID();
    await responses.keep({ ...kept, response_id, previous_id });
    previous_id = response_id;
  }
  const ask = (id: string) =>
    server.openai.responses.create({
      model: "it",
      input: "More",
      previous_response_id: `resp_${id}`,
    });
  const last = await ask(previous_id);
  expect(server.upstream.lastBody["messages"]).toHaveLength(2001);
  await expect(ask(last.id.slice("resp_".length))).rejects.toMatchObject({
    status: 400,
    param: "previous_response_id",
  });
});

it("says the last message of a graph that leaves it in short, and once", async () => {
  await using server = await openAiServer([], {}, { langgraph: TEST_GRAPHS });
  const asked = { model: "graph:ask", metadata: { thread_id: "t" } };
  const say = (content: string) =>
    server.openai.chat.completions.create({ ...asked, messages: [{ role: "user", content }] });
  await say("Hi");
  expect((await say("yes")).choices[0]?.message.content).toBe("thanks");
});
