import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { type Loose, okJson } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { startTestServer, TEST_GRAPHS, type TestServerOptions } from "../support/test-server.ts";

const TOOLED = TEST_GRAPHS.replace("langgraph.json", "tooled.json");

/** A server with the graph `tooled`, whose model answers what is given, and an official client of it. */
export async function tooled(
  answers: fake.Answer[],
  {
    settings,
    models = {},
    ...options
  }: TestServerOptions & { models?: Record<string, object> } = {},
) {
  let script = answers;
  const provider = await fake.fakeProvider((response, request) => {
    const [next] = script;
    if (script.length > 1) script = script.slice(1);
    next?.(response, request);
  });
  const folder = tempFolder();
  const file = { model: "fake", url: provider.url, api_key: "key-of-the-provider" };
  for (const [id, fields] of Object.entries({ it: file, ...models }))
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify(fields));
  const server = await startTestServer({
    langgraph: TOOLED,
    settings: { models_dir: folder.path, default_model: "it", ...settings },
    ...options,
  });
  const keyOf = async (name: string): Promise<string> => {
    const operator = { "x-api-key": server.localSecret };
    return (await okJson(server.post("/keys", { name }, operator))).secret;
  };
  return {
    server,
    provider,
    /** What the model answers from now on, the last repeated. */
    answer: (...next: fake.Answer[]) => void (script = next),
    client: new Client({ apiUrl: server.url, apiKey: null }),
    keyOf,
    /** A client with a key of its own, from which on the server asks for one. */
    clientOf: async (name: string) => new Client({ apiUrl: server.url, apiKey: await keyOf(name) }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** For what happens soon, on a machine that may be busy. */
export const LONG_POLL = { timeout: 15_000 };

/** What `tooled` is asked with. */
export const ASKED = { messages: [{ role: "user", content: "go" }] };

/** The tool messages of a state. */
export const resultsIn = ({ messages }: Loose): Loose[] =>
  messages.filter(({ type }: Loose) => type === "tool");
