import { once } from "node:events";
import { createServer } from "node:http";
import { AIMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import type { Loose } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { SHAPES, shapedProvider } from "../support/provider-shapes/index.ts";
import { testRuntime } from "./support.ts";

const KEY = "test-key-a";
const PNG = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const IMAGE = `data:image/png;base64,${PNG.toString("base64")}`;

/** A server of files, and how often it was asked. */
async function fileServer() {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    if (request.url === "/a.png") response.end(PNG);
    else if (request.url === "/page") response.end("<html>");
    else if (request.url?.startsWith("/a.pdf"))
      response.writeHead(200, { "content-type": "application/pdf; x=y" }).end("%PDF");
    else if (request.url === "/a.wav") response.end("RIFF");
    else if (request.url === "/moved") response.writeHead(302, { location: "/a.png" }).end();
    else if (request.url === "/huge") {
      const part = Buffer.alloc(1024 * 1024);
      response.on("drain", () => response.write(part)).write(part);
      for (let index = 0; index < 25; index++) response.write(part);
      response.end();
    } else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function sentParts(content: Loose, fields: Record<string, unknown> = {}) {
  await using provider = await fake.fakeProvider(fake.text("ok"));
  using _ = testRuntime({ a: { url: provider.url, api_key: KEY, ...fields } });
  await chatModel().invoke([new HumanMessage({ content })]);
  return (provider.lastBody["messages"] as Loose[])[0].content;
}

const refused = async (content: Loose, fields: Record<string, unknown>) => {
  await using provider = await fake.fakeProvider(fake.text("ok"));
  using runtime = testRuntime({ a: { url: provider.url, api_key: KEY, ...fields } });
  const error: unknown = await chatModel()
    .invoke([new HumanMessage({ content })])
    .catch((thrown: unknown) => thrown);
  expect(provider.requests).toEqual([]);
  return { error, used: runtime.used };
};

describe("parts of a message", () => {
  it("are sent as the wire has them, whatever shape of LangChain's they have", async () => {
    const content = [
      { type: "text", text: "look" },
      { type: "image", url: "https://example.com/a.png" },
      { type: "image", data: "QUJD", mimeType: "image/png" },
      { type: "video_url", video_url: { url: "https://example.com/a.mp4" } },
      { type: "audio", data: "QUJD", mimeType: "audio/wav" },
    ];
    expect(await sentParts(content, { dialect: "dashscope", no_think: true })).toEqual([
      { type: "text", text: "look" },
      { type: "image_url", image_url: { url: "https://example.com/a.png" } },
      { type: "image_url", image_url: { url: "data:image/png;base64,QUJD" } },
      { type: "video_url", video_url: { url: "https://example.com/a.mp4" } },
      { type: "input_audio", input_audio: { data: "QUJD", format: "wav" } },
    ]);
  });

  it("are one text where they are all text", async () => {
    expect(
      await sentParts([
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ]),
    ).toBe("ab");
  });

  it("keep an image that a tool gave", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = testRuntime({ a: { url: provider.url, api_key: KEY } });
    const content = [{ type: "image", url: "https://example.com/a.png" }];
    await chatModel().invoke([
      new SystemMessage("be brief"),
      new AIMessage({ content: "", tool_calls: [{ id: "c", name: "draw", args: {} }] }),
      new ToolMessage({ tool_call_id: "c", content }),
    ]);
    expect((provider.lastBody["messages"] as Loose[])[2]).toEqual({
      role: "tool",
      tool_call_id: "c",
      content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }],
    });
  });

  it.each<[string, Loose, Record<string, unknown>, string]>([
    [
      "image",
      { type: "image", url: "https://x/a.png" },
      { capabilities: { vision: false } },
      "capabilities.vision is false",
    ],
    [
      "audio",
      { type: "audio", data: "Q", mimeType: "audio/wav" },
      { capabilities: { audio: false } },
      "capabilities.audio is false",
    ],
    [
      "video",
      { type: "video_url", video_url: { url: "https://x" } },
      { dialect: "openai" },
      "openai has none",
    ],
    ["file", { type: "file", file: { file_id: "f" } }, { dialect: "ollama" }, "ollama has none"],
  ])("are refused before the call where the model takes no %s", async (kind, part, fields, why) => {
    const { error, used } = await refused([{ type: "text", text: "x" }, part], fields);
    expect(error).toMatchObject({ code: "validation", details: { model: "a", part: kind } });
    expect(String(error)).toContain(why);
    expect(used).toEqual([]);
  });

  it("pass where the model file says that this model takes them after all", async () => {
    const part = { type: "video_url", video_url: { url: "https://x/a.mp4" } };
    expect(await sentParts([part], { dialect: "openai", capabilities: { video: true } })).toEqual([
      part,
    ]);
  });
});

describe("images for a server that takes no address", () => {
  it("are fetched and sent inline", async () => {
    await using files = await fileServer();
    const fields = { dialect: "ollama", media_hosts: [files.host] };
    const parts = [
      { type: "image_url", image_url: { url: `${files.url}/a.png` } },
      { type: "image_url", image_url: { url: IMAGE } },
    ];
    expect(await sentParts(parts, fields)).toEqual(
      [IMAGE, IMAGE].map((url) => ({ type: "image_url", image_url: { url } })),
    );
    expect(files.asked()).toBe(1);
  });

  it("are not fetched from inside the network", async () => {
    await using files = await fileServer();
    const part = { type: "image_url", image_url: { url: `${files.url}/a.png` } };
    const { error } = await refused([part], { dialect: "ollama" });
    expect(error).toMatchObject({ code: "validation" });
    expect(String(error)).toContain('media_hosts of model "a"');
    expect(files.asked()).toBe(0);
  });

  it.each([
    ["/page", "it is no PNG, JPEG"],
    ["/none", "its server answered 404"],
    ["/moved", "its server answered 302"],
    ["/huge", "larger than"],
  ])("are refused when %s is none", async (path, why) => {
    await using files = await fileServer();
    const part = { type: "image_url", image_url: { url: files.url + path } };
    const { error } = await refused([part], { dialect: "ollama", media_hosts: [files.host] });
    expect(error).toMatchObject({ code: "validation" });
    expect(String(error)).toContain(why);
  });

  it("are documents too, but for providers that take their addresses", async () => {
    await using files = await fileServer();
    const file_data = `${files.url}/a.pdf?v=1`;
    const part = { type: "file", file: { file_data } };
    const hosts = { media_hosts: [files.host] };
    expect(await sentParts([part], hosts)).toEqual([
      {
        type: "file",
        file: {
          filename: "a.pdf",
          file_data: `data:application/pdf;base64,${Buffer.from("%PDF").toString("base64")}`,
        },
      },
    ]);
    expect(await sentParts([part], { dialect: "openrouter" })).toEqual([part]);
    const { error } = await refused([part], {});
    expect(String(error)).toContain("media_hosts");
  });

  it("are inline by the model file's word too, and audio for all but DashScope", async () => {
    await using files = await fileServer();
    const hosts = { media_hosts: [files.host] };
    const image = { type: "image_url", image_url: { url: `${files.url}/a.png` } };
    const audio = { type: "audio", url: `${files.url}/a.wav` };
    const fields = { ...hosts, capabilities: { image_urls: false } };
    expect(await sentParts([image, audio], fields)).toEqual([
      { type: "image_url", image_url: { url: IMAGE } },
      {
        type: "input_audio",
        input_audio: { data: Buffer.from("RIFF").toString("base64"), format: "wav" },
      },
    ]);
    expect(await sentParts([audio], { dialect: "dashscope", no_think: true })).toEqual([
      { type: "input_audio", input_audio: { data: `${files.url}/a.wav`, format: "wav" } },
    ]);
  });
});

describe("Ollama's own wire", () => {
  const shape = SHAPES["ollama_native"] ?? expect.fail();

  it("has images, tools, options and thinking in their own places", async () => {
    await using provider = await shapedProvider(shape, { text: "ok" });
    using _ = testRuntime({
      a: {
        ...shape.fields,
        url: provider.url,
        api_key: null,
        out_tokens: 50,
        temperature: 0.2,
        stop: "END",
        repetition_penalty: 1.1,
        no_think: true,
        extra_body: { keep_alive: "10m", options: { num_gpu: 1 } },
        response_format: {
          type: "json_schema",
          json_schema: { name: "x", schema: { type: "object" } },
        },
      },
    });
    const content = [
      { type: "text", text: "look" },
      { type: "image", url: IMAGE },
    ];
    await chatModel().invoke([
      new HumanMessage({ content }),
      new AIMessage({ content: "", tool_calls: [{ id: "c", name: "clock", args: { a: 1 } }] }),
      new ToolMessage({ tool_call_id: "c", content: "noon" }),
    ]);
    expect(provider.requests[0]?.path).toBe("/api/chat");
    expect(provider.lastBody).toEqual({
      model: "qwen3:4b",
      stream: false,
      think: false,
      keep_alive: "10m",
      format: { type: "object" },
      options: {
        num_ctx: 16_384,
        num_predict: 50,
        temperature: 0.2,
        repeat_penalty: 1.1,
        stop: ["END"],
        num_gpu: 1,
      },
      messages: [
        { role: "user", content: "look", images: [PNG.toString("base64")] },
        {
          role: "assistant",
          content: "",
          tool_calls: [{ function: { name: "clock", arguments: { a: 1 } } }],
        },
        { role: "tool", content: "noon", tool_name: "clock" },
      ],
    });
  });

  it("tells its errors, before and within a stream", async () => {
    const line = { model: "m", message: { role: "assistant", content: "a" }, done: false };
    const broken: fake.Answer = (response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.end(`${JSON.stringify(line)}\n${JSON.stringify({ error: "out of memory" })}\n`);
    };
    await using provider = await fake.fakeProvider(
      fake.json({ error: "model 'x' not found" }, { status: 404 }),
      broken,
    );
    using _ = testRuntime({ a: { ...shape.fields, url: provider.url, api_key: null, retries: 0 } });
    const ask = async () => {
      for await (const _chunk of await chatModel().stream("hi"));
    };
    await expect(ask()).rejects.toThrow("model 'x' not found");
    await expect(ask()).rejects.toThrow("out of memory");
  });

  it("closes the connection when the reader leaves", async () => {
    const line = { model: "m", message: { role: "assistant", content: "a" }, done: false };
    await using provider = await fake.fakeProvider((response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.write(`${JSON.stringify(line)}\n${JSON.stringify(line)}\n`);
    });
    using runtime = testRuntime({ a: { ...shape.fields, url: provider.url, api_key: null } });
    for await (const _ of await chatModel().stream("hi")) break;
    await provider.clientClosed();
    expect(runtime.used).toMatchObject([{ status: "cancelled" }]);
  });
});
