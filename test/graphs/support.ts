import { randomUUID } from "node:crypto";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client } from "@langchain/langgraph-sdk";
import * as fake from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, startTestServer } from "../support/test-server.ts";

const ROOT = new URL("../..", import.meta.url);
const run = promisify(execFile);

/** LangGraph's types ask for every key of a context, of which all are optional. */
export const partial = (context: Record<string, unknown>) => context as never;

/** Runs a graph of the repository on the demo model in a plain script; its last state. */
export async function inScript(graph: string, input: object, context: object = {}) {
  const file = new URL(`graphs/${graph}.ts`, ROOT).href;
  const code = `const { graph } = await import(${JSON.stringify(file)});
    const state = await graph.invoke(${JSON.stringify(input)}, { context: ${JSON.stringify(context)} });
    console.log(JSON.stringify(state));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: fileURLToPath(ROOT),
    env: { PATH: process.env["PATH"] ?? "", NODE_NO_WARNINGS: "1" },
  });
  return JSON.parse(stdout);
}

/** Our server with the product's graphs and an official client of it; without answers, the demo model. */
export async function served(
  answers: fake.Answer[] = [],
  fields: object = {},
  addModels: (folder: string, url: string) => void = () => undefined,
) {
  const provider = await fake.fakeProvider(...answers);
  const folder = tempFolder();
  const file = { model: "fake", url: provider.url, api_key: "key-of-the-provider", ...fields };
  writeFileSync(join(folder.path, "it.json"), JSON.stringify(file));
  addModels(folder.path, provider.url);
  const models = answers.length === 0 ? {} : { models_dir: folder.path, default_model: "it" };
  const server = await startTestServer({ langgraph: OWN_GRAPHS, settings: models });
  return {
    server,
    provider,
    client: new Client({ apiUrl: server.url, apiKey: null }),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/** An answer that calls tools, streamed or whole as it was asked for. */
export const calling =
  (...calls: [name: string, args: object][]): fake.Answer =>
  (response, request) => {
    const tool_calls = calls.map(([name, args], index) => ({
      index,
      id: `call_${randomUUID()}`,
      type: "function",
      function: { name, arguments: JSON.stringify(args) },
    }));
    const answer =
      request.body["stream"] === true
        ? fake.stream([
            fake.delta({ role: "assistant", content: "", tool_calls }),
            fake.delta({}, "tool_calls"),
            fake.usageChunk(),
          ])
        : fake.completion({ content: "", tool_calls }, "tool_calls");
    answer(response, request);
  };
