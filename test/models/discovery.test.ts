import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { discoverModels, localAddresses } from "../../src/models/local/discover.ts";
import { okJson } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { runCli, spawnServer, tempFolder } from "../support/spawn-server.ts";

/** A server of the test's own on a free port. */
async function serving(listener: RequestListener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

const answering = (routes: Record<string, unknown>): RequestListener => {
  const said = text("hello from here");
  return (request, response) => {
    const body = routes[request.url ?? ""];
    if (request.method === "POST") said(request, response);
    else if (body === undefined) response.writeHead(404).end("{}");
    else response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
};

const text =
  (content: string): RequestListener =>
  (_, response) =>
    fake.textStream(content)(response, { path: "", headers: {}, body: {} });

const TAGS = {
  models: [
    { name: "qwen3:4b", details: { family: "qwen3" } },
    { name: "nomic-embed-text:latest", details: { family: "nomic-bert" } },
    { name: "a name\u001b[2J that no table can hold" },
  ],
};
const LIST = { object: "list", data: [{ id: "qwen/qwen3-8b" }, { id: "text-embedding-nomic" }] };

const ollama = () => serving(answering({ "/api/tags": TAGS }));
const lmstudio = () => serving(answering({ "/v1/models": LIST }));

const find = (setting: string) => discoverModels(localAddresses(setting), { env: {} });

describe("models of this machine", () => {
  it("are those that Ollama and LM Studio list, with the wire of each", async () => {
    await using one = await ollama();
    await using two = await lmstudio();
    const found = await find(`ollama=${one.url},lmstudio=${two.url}/`);
    expect(found).toMatchObject([
      {
        id: "ollama/qwen3:4b",
        fields: { model: "qwen3:4b", model_type: "chat", server_type: "ollama" },
      },
      { id: "ollama/nomic-embed-text:latest", fields: { model_type: "embedding" } },
      {
        id: "lmstudio/qwen/qwen3-8b",
        fields: { model: "qwen/qwen3-8b", server_type: "lmstudio", url: `${two.url}/v1` },
      },
      { id: "lmstudio/text-embedding-nomic", fields: { model_type: "embedding" } },
    ]);
    expect(found.every(({ secret }) => secret.resolve() === undefined)).toBe(true);
  });

  it.each([
    ["refuses", (_, response) => void response.writeHead(500).end()],
    ["answers a page", (_, response) => void response.end("<html>")],
    ["answers another list", (_, response) => void response.end('{"models": 5}')],
    ["redirects", (_, response) => void response.writeHead(302, { location: "/x" }).end()],
    ["never ends", (_, response) => void response.write("{")],
    ["answers far too much", (_, response) => void response.end(" ".repeat(2 * 1024 * 1024))],
  ] satisfies [string, RequestListener][])("are none where a server %s", async (_, listener) => {
    await using server = await serving(listener);
    expect(await find(`ollama=${server.url},lmstudio=http://127.0.0.1:9`)).toEqual([]);
  });

  it("are not looked for when the setting is off", () => {
    expect(localAddresses("off")).toEqual([]);
  });
});

describe("kagari", () => {
  it("lists and serves them without a config file; a configured one of that id wins", async () => {
    await using server = await ollama();
    using folder = tempFolder();
    const local = { KAGARI_LOCAL_MODELS: `ollama=${server.url}` };
    const configured = { server_type: "demo", name: "ollama/nomic-embed-text:latest" };
    mkdirSync(join(folder.path, "models"));
    writeFileSync(join(folder.path, "models", "own.json"), JSON.stringify(configured));
    writeFileSync(join(folder.path, "langgraph.json"), '{"graphs":{}}');

    const options = { cwd: folder.path, env: local };
    const { stdout } = await runCli(["models", `--models-dir=${folder.path}/none`], options);
    expect(stdout).toMatch(/^ollama\/qwen3:4b +chat +ollama +qwen3:4b .* ready$/m);
    expect(stdout).toContain(`ollama/qwen3:4b: found at ${server.url}, no config file`);
    expect(stdout).toMatch(/^demo \*/m);

    await using kagari = await spawnServer({
      env: local,
      flags: [`--models-dir=${join(folder.path, "models")}`, "--default-model=ollama/qwen3:4b"],
    });
    await expect
      .poll(() => kagari.log)
      .toContain("Models found on this machine: ollama/qwen3:4b, ollama/nomic-embed-text");
    const ask = async (context: object) => {
      const body = { assistant_id: "chat", input: { messages: "hi" }, context };
      return (await okJson(kagari.api.post("/runs/wait", body))).messages.at(-1).content;
    };
    expect(await ask({})).toBe("hello from here");
    expect(await ask({ model: "ollama/nomic-embed-text:latest" })).toContain("offline demo");
  });

  it("serves before a slow one has answered, and tells what a model not found needs", async () => {
    let waiting = 0;
    await using slow = await serving((_, response) => {
      waiting += 1;
      response.once("close", () => (waiting -= 1));
    });
    await using kagari = await spawnServer({
      env: { KAGARI_LOCAL_MODELS: `ollama=${slow.url}` },
      flags: ["--default-model=ollama/qwen3:4b"],
    });
    await okJson(kagari.api.get("/ok"));
    expect(waiting).toBe(1);
    const body = { assistant_id: "chat", input: { messages: "hi" } };
    const { __error__: error } = await okJson(kagari.api.post("/runs/wait", body));
    expect(error.message).toContain('Model "ollama/qwen3:4b" was not found on this machine');
    expect(await kagari.stop()).toBe(0);
  });

  it("finds one that was started later, when it is asked for", async () => {
    const tags: { models: object[] } = { models: [] };
    const list = answering({ "/api/tags": tags });
    let asked = 0;
    await using late = await serving((request, response) => {
      response.once("finish", () => (asked += 1));
      list(request, response);
    });
    await using kagari = await spawnServer({
      env: { KAGARI_LOCAL_MODELS: `ollama=${late.url}` },
    });
    await expect.poll(() => asked).toBe(1);
    tags.models = TAGS.models;
    const body = {
      assistant_id: "chat",
      input: { messages: "hi" },
      context: { model: "ollama/qwen3:4b" },
    };
    const ask = async () =>
      (await okJson(kagari.api.post("/runs/wait", body))).messages?.at(-1).content;
    expect(await ask()).toBeUndefined();
    await expect.poll(ask, { timeout: 10_000 }).toBe("hello from here");
  });

  it("refuses a setting that is none", async () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, "langgraph.json"), '{"graphs":{}}');
    const env = { KAGARI_LOCAL_MODELS: "http://127.0.0.1:11434" };
    const { code, stderr } = await runCli(["models"], { cwd: folder.path, env });
    expect(code).toBe(1);
    expect(stderr).toContain("KAGARI_LOCAL_MODELS: expected off, or ollama=URL");
  });
});
