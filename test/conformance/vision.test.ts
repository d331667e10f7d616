import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { okJson, type Loose } from "../support/calls.ts";
import { type FakeProvider, fakeProvider, textStream } from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { type ListeningServer, OWN_GRAPHS, startTestServer } from "../support/test-server.ts";

let folder: ReturnType<typeof tempFolder>;
let provider: FakeProvider;
let server: ListeningServer;
beforeEach(async () => {
  provider = await fakeProvider(textStream("a cat"));
  folder = tempFolder();
  const write = (id: string, fields: object) =>
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify(fields));
  const chat = { model: "vl", url: provider.url, api_key: "test-key" };
  write("cloud", { ...chat, dialect: "dashscope" });
  write("own", { ...chat, dialect: "vllm" });
  write("painter", { model_type: "image", server_type: "demo" });
  server = await startTestServer({
    langgraph: OWN_GRAPHS,
    settings: { models_dir: folder.path, default_model: "cloud" },
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Asks the chat graph what an image shows; answers the part that the model's server was sent. */
async function look(url: string, { model = "cloud", apiKey = server.localSecret } = {}) {
  const client = new Client({ apiUrl: server.url, apiKey });
  const content = [
    { type: "text", text: "What is it?" },
    { type: "image_url", image_url: { url } },
  ];
  const { thread_id } = await client.threads.create();
  await client.runs.wait(thread_id, "chat", {
    input: { messages: [{ role: "user", content }] },
    context: { model, tools: [] },
  });
  const { messages } = (await client.threads.getState<Loose>(thread_id)).values;
  expect(messages[0].content).toEqual(content);
  expect(messages[1].content).toBe("a cat");
  return (provider.lastBody["messages"] as Loose[]).at(-1).content[1].image_url.url;
}

async function keyOf(name: string): Promise<string> {
  const operator = { "x-api-key": server.localSecret };
  return (await okJson(server.post("/keys", { name }, operator))).secret;
}

async function painted(apiKey: string): Promise<string> {
  const wish = { model: "painter", prompt: "a cat" };
  const made = server.post("/v1/images/generations", wish, { "x-api-key": apiKey });
  return (await okJson(made)).data[0].url;
}

describe("an image in a message", () => {
  it("reaches the provider as the client wrote it", async () => {
    const inline = "data:image/png;base64,iVBORw0KGgo=";
    expect(await look(inline)).toBe(inline);
    expect(await look("https://example.com/cat.png")).toBe("https://example.com/cat.png");
  });

  it("is not fetched from inside the network for a server of the operator's own", async () => {
    const { origin } = new URL(server.url);
    for (const url of [
      `${origin}/ok`,
      "http://169.254.169.254/latest/meta-data",
      "file:///etc/passwd",
    ])
      await expect(look(url, { model: "own" })).rejects.toThrow("is refused");
    expect(provider.requests).toEqual([]);
  });

  it("may be a file that is kept here, for whoever may read it", async () => {
    const [ann, bob] = [await keyOf("ann"), await keyOf("bob")];
    const url = await painted(ann);
    const sent = await look(url, { apiKey: ann });
    expect(sent).toMatch(/^data:image\/png;base64,iVBOR/);
    const { pathname } = new URL(url);
    expect(await look(pathname, { apiKey: ann })).toBe(sent);
    expect(await look(url, { apiKey: bob })).toBe(url);
    const asked = provider.requests.length;
    for (const path of [pathname, `/files/${crypto.randomUUID()}`])
      await expect(look(path, { apiKey: bob })).rejects.toThrow("there is no such file");
    expect(provider.requests).toHaveLength(asked);
  });
});
