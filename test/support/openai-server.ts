import { writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { fakeProvider, type FakeProvider } from "./fake-provider.ts";
import { tempFolder } from "./spawn-server.ts";
import {
  type ListeningServer,
  OWN_GRAPHS,
  startTestServer,
  type TestServerOptions,
} from "./test-server.ts";

/** The key of the fake provider, which nobody may see. */
export const KEY = "the-key-of-the-fake-upstream";

/** A server with the demo model and `it`, whose provider answers as told, and a client of it. */
export interface OpenAiServer extends AsyncDisposable {
  upstream: FakeProvider;
  server: ListeningServer;
  openai: OpenAI;
}

export async function openAiServer(
  answers: Parameters<typeof fakeProvider>,
  fields: object = {},
  { langgraph = OWN_GRAPHS, settings = {} }: TestServerOptions = {},
): Promise<OpenAiServer> {
  const folder = tempFolder();
  const upstream = await fakeProvider(...answers);
  const write = (id: string, file: object) =>
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify(file));
  write("it", { model: "qwen3-4b", url: upstream.url, api_key: KEY, retries: 0, ...fields });
  write("demo", {
    model: "kagari-demo",
    server_type: "demo",
    input_tokens: 32768,
    out_tokens: 4096,
  });
  const server = await startTestServer({
    langgraph,
    settings: { models_dir: folder.path, default_model: "demo", ...settings },
  });
  return {
    upstream,
    server,
    openai: new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "unused", maxRetries: 0 }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** All that comes. */
export async function drain<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
