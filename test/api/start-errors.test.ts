import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { okJson, refusal } from "../support/calls.ts";
import { runCli, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { REPOSITORY, TEST_GRAPHS } from "../support/test-server.ts";

/** A project of its own: a folder with a langgraph.json that has no graphs, and what a test adds. */
function project(files: Record<string, string> = {}) {
  const folder = tempFolder();
  const all = { "langgraph.json": '{"graphs":{}}', ...files };
  for (const [name, text] of Object.entries(all)) {
    const path = join(folder.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return folder;
}

const start = (folder: { path: string }, args: string[] = [], env: Record<string, string> = {}) =>
  runCli(["start", "--port=0", ...args], { cwd: folder.path, env });

/** One clear answer to what the user can mend: no stack, exit code 1, all the words given. */
function expectRefusal(result: Awaited<ReturnType<typeof runCli>>, ...words: string[]): void {
  const { code, stderr, stdout } = result;
  expect(stderr).toMatch(/^kagari: [^\n]+(\n\S[^\n]*)*\n$/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toContain("node:internal");
  for (const word of words) expect(stderr).toContain(word);
  expect(code).toBe(1);
  expect(stdout).toBe("");
}

const qwen = (fields: object) =>
  JSON.stringify({
    model: "qwen3-4b",
    server_type: "openai",
    url: "http://127.0.0.1:9/v1",
    ...fields,
  });

describe.concurrent("kagari start stops with one sentence", () => {
  it("when the port is in use", async () => {
    using folder = project();
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const result = await start(folder, [`--port=${port}`]);
    other.close();
    expectRefusal(result, `127.0.0.1:${port}`, "in use", "--port");
  });

  it("when a prompt is broken", async () => {
    using folder = project({
      "prompts/greet.md": "---\nmodle: qwen\n---\nHello",
      "prompts/bye.zh.md": "再见",
    });
    expectRefusal(await start(folder), "greet.md", '"modle"', "bye.md: missing");
  });

  it("when the data directory cannot be written", async () => {
    using folder = project({ taken: "a file in place of the folder" });
    expectRefusal(await start(folder, ["--data-dir=taken"]), "taken", "cannot be written");
    expectRefusal(await start(folder, ["--data-dir=taken/below"]), "taken", "cannot be written");
  });

  it("when a newer version wrote the database, and leaves it as it is", async () => {
    using folder = project();
    mkdirSync(join(folder.path, ".kagari"));
    const path = join(folder.path, ".kagari", "kagari.db");
    const newer = new DatabaseSync(path);
    newer.exec("create table kagari_migration (id text primary key not null)");
    newer.exec("insert into kagari_migration values ('9999-from-the-future')");
    newer.close();
    expectRefusal(await start(folder), "kagari.db", "newer version", "9999-from-the-future");
    const after = new DatabaseSync(path);
    const tables = after.prepare("select name from sqlite_schema where type = 'table'").all();
    after.close();
    expect(tables.map(({ name }) => name)).toEqual(["kagari_migration"]);
  });

  it("when the database is no database", async () => {
    using folder = project({
      ".kagari/kagari.db": "this is a text, and no database at all. ".repeat(100),
    });
    expectRefusal(await start(folder), "kagari.db");
  });

  it("when another process serves the same data", async () => {
    await using server = await spawnServer();
    const { dataDir } = server;
    using folder = project();
    expectRefusal(await start(folder, [`--data-dir=${dataDir}`]), dataDir, "in use");
    await okJson(server.api.get("/ok"));
  });

  it.each([
    ["is not there", undefined, ["langgraph.json", "not found"]],
    ["is not JSON", '{"graphs": {', ["langgraph.json", "not valid JSON"]],
    ["has no graphs", "{}", ["langgraph.json", "graphs"]],
    [
      "has a graph without an export",
      '{"graphs":{"a":"./a.ts"}}',
      ["langgraph.json", "graphs.a", "file:export"],
    ],
    ["has a graph that is a number", '{"graphs":{"a":5}}', ["langgraph.json", "graphs.a"]],
    ["has a graph of a bad name", '{"graphs":{"a/b":"./a.ts:graph"}}', ["langgraph.json", "a/b"]],
  ])("when langgraph.json %s", async (_, text, words) => {
    using folder = project(text === undefined ? {} : { "langgraph.json": text });
    const args = text === undefined ? ["--config=missing/langgraph.json"] : [];
    expectRefusal(await start(folder, args), ...words);
  });

  it.each([
    ["an unknown key", '{"prot": 2024}', ['"prot"', '"port"']],
    ["a wrong type", '{"port": "many"}', ["port"]],
    ["a value out of range", '{"port": 99999}', ["port"]],
    ["a list", "[]", ["kagari.json"]],
    ["no JSON", "port = 2024", ["not valid JSON"]],
  ])("when config/kagari.json has %s", async (_, text, words) => {
    using folder = project({ "config/kagari.json": text });
    expectRefusal(await start(folder), "kagari.json", ...words);
  });

  it.each([
    ["PORT", { PORT: "many" }],
    ["KAGARI_WORKERS", { KAGARI_WORKERS: "-1" }],
    ["KAGARI_LOG_LEVEL", { KAGARI_LOG_LEVEL: "loud" }],
    ["LANGGRAPH_CONFIG", { LANGGRAPH_CONFIG: "{" }],
    ["LANGGRAPH_CONFIG", { LANGGRAPH_CONFIG: '{"chat": 5}' }],
  ])("when %s has a wrong value", async (name, env) => {
    using folder = project();
    const args = name === "PORT" ? [] : ["--port=0"];
    expectRefusal(await runCli(["start", ...args], { cwd: folder.path, env }), name);
  });

  it("when the default model is unknown, with the nearest one", async () => {
    using folder = project({ "config/models/qwen3-4b.json": qwen({ api_key: "env:NO_SUCH_KEY" }) });
    expectRefusal(await start(folder, ["--default-model=qwen3-4"]), "qwen3-4", '"qwen3-4b"');
  });

  it.each([
    ["is not JSON", '{"model": "a",}', ["m.json", "not valid JSON"]],
    ["has an unknown key", qwen({ temprature: 0.5 }), ["m.json", "temprature", '"temperature"']],
    ["has a wrong type", qwen({ timeout: "long" }), ["m.json", "timeout"]],
    ["has no model", '{"server_type":"openai","url":"http://127.0.0.1:9/v1"}', ["m.json", "model"]],
    ["has an unknown server type", qwen({ server_type: "openia" }), ["m.json", "server_type"]],
  ])("when a model file %s", async (_, text, words) => {
    using folder = project({ "config/models/m.json": text });
    expectRefusal(await start(folder), ...words);
  });

  it("without a line of a data directory made, when the config is wrong", async () => {
    using folder = project({ "config/kagari.json": '{"prot": 1}' });
    await start(folder);
    expect(readdirSync(folder.path)).not.toContain(".kagari");
  });
});

describe.concurrent("kagari", () => {
  it.each([[["fly"]], [["start", "--nope"]], [["start", "--port"]]])(
    "ends with code 2 for wrong usage: %j",
    async (args) => {
      using folder = project();
      const { code, stderr } = await runCli(args, { cwd: folder.path });
      expect(code).toBe(2);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(stderr).not.toBe("");
    },
  );

  it.each([[["--help"]], [["start", "--help"]], [["--version"]]])("answers %j", async (args) => {
    using folder = project();
    const { code, stdout } = await runCli(args, { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).not.toBe("");
  });
});

describe.concurrent("what does not stop the start", () => {
  it("is a graph that throws on import: the others serve, its assistant tells the reason", async () => {
    await using server = await spawnServer({ langgraph: TEST_GRAPHS });
    const { api } = server;
    const refused = await refusal(
      api.post("/runs/wait", { assistant_id: "broken", input: {} }),
      422,
    );
    expect(refused.code).toBe("graph_unavailable");
    expect(refused.detail).toContain("the module is broken");
    const values = await okJson(
      api.post("/runs/wait", { assistant_id: "echo", input: { note: "up" } }),
    );
    expect(values.note).toBe("up");
    expect(await server.stop()).toBe(0);
  });

  it("is a model whose key is not set: it is listed with the reason, the others serve", async () => {
    using folder = project({
      "config/models/cloud.json": qwen({ api_key: "env:KAGARI_TEST_UNSET_KEY" }),
      "config/models/masked.json": qwen({ api_key: "sk-**" }),
      "config/models/demo.json": '{"model":"kagari-demo","server_type":"demo"}',
    });
    const { code, stdout } = await runCli(["models"], { cwd: folder.path });
    expect(code).toBe(0);
    expect(stdout).toContain("KAGARI_TEST_UNSET_KEY");
    expect(stdout).toMatch(/^masked: key not set/m);
    expect(stdout).toMatch(/^masked .* no key$/m);
    expect(stdout).toMatch(/^demo \*/m);

    await using server = await spawnServer({
      flags: [`--models-dir=${join(folder.path, "config", "models")}`],
    });
    const run = (model: string) =>
      okJson(
        server.api.post("/runs/wait", {
          assistant_id: "chat",
          input: { messages: "hi" },
          context: { model },
        }),
      );
    expect((await run("cloud")).__error__.message).toContain("KAGARI_TEST_UNSET_KEY");
    expect((await run("demo")).messages).toHaveLength(2);
    expect((await run("dmeo")).__error__.message).toContain('"demo"');
  });

  it("is an .env file and langgraph.json's own env", async () => {
    using folder = project({
      "langgraph.json": JSON.stringify({ graphs: {}, env: { KAGARI_TEST_FROM_FILE: "a-value" } }),
      "config/models/one.json": qwen({ api_key: "env:KAGARI_TEST_FROM_FILE" }),
      "config/models/two.json": qwen({ api_key: "env:KAGARI_TEST_DOTENV" }),
      ".env": "KAGARI_TEST_DOTENV=another-value\n",
    });
    const { stdout } = await runCli(["models"], { cwd: folder.path });
    expect(stdout).toMatch(/^one .* ready/m);
    expect(stdout).toMatch(/^two .* ready/m);
    expect(stdout).not.toContain("a-value");
    expect(stdout).not.toContain("another-value");
  });
});

it("starts from the repository's own folder", async () => {
  using folder = tempFolder();
  const { code, stdout } = await runCli(["models", `--data-dir=${folder.path}`], {
    cwd: REPOSITORY,
  });
  expect(code).toBe(0);
  expect(stdout).toContain("qwen3-4b");
});
