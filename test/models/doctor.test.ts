import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Finding } from "../../src/models/doctor/finding.ts";
import { PIXEL } from "../support/provider-shapes/image.ts";
import * as fake from "../support/fake-provider.ts";
import { modelServer, type Abilities } from "../support/model-server.ts";
import { runCli, tempFolder } from "../support/spawn-server.ts";

const AT_ONCE = { model_type: "image", model: "qwen-image" };
const KEY = "doctor-test-key";
const DATA_URL = `data:image/png;base64,${PIXEL.toString("base64")}`;
let folder: ReturnType<typeof tempFolder>;
let file: string;
beforeEach(() => {
  folder = tempFolder();
  mkdirSync(join(folder.path, "config", "models"), { recursive: true });
  writeFileSync(join(folder.path, "langgraph.json"), '{"graphs":{}}');
  file = join(folder.path, "config", "models", "m.json");
});
afterEach(() => folder[Symbol.dispose]());

const write = (url: string, fields: object = {}) => {
  const content = { model: "qwen3-4b", dialect: "dashscope", url, api_key: "env:DOCTOR_KEY" };
  writeFileSync(file, JSON.stringify({ ...content, input_tokens: 300, ...fields }, null, 2));
};

const doctor = (...flags: string[]) =>
  runCli(["doctor", "m", ...flags], {
    cwd: folder.path,
    env: { KAGARI_LOCAL_MODELS: "off", DOCTOR_KEY: KEY },
  });

/** Examines a fake server that lacks some abilities; answers verdict and fault of each probe. */
async function examined(abilities: Partial<Abilities>, fields: object = {}) {
  await using server = await modelServer(abilities);
  write(server.url, fields);
  const { code, stdout, stderr } = await doctor("--json");
  expect(stdout + stderr).not.toContain(KEY);
  const { findings, requests, isHealthy } = JSON.parse(stdout);
  expect(isHealthy).toBe(code === 0);
  const verdicts = Object.fromEntries(
    findings.map(({ probe, verdict, isFault }: Finding) => [probe, verdict + (isFault ? "!" : "")]),
  );
  return { code, findings, requests, verdicts };
}

const HEALTHY = {
  "key and answer": "yes",
  streaming: "yes",
  "usage in stream": "yes",
  tools: "yes",
  "parallel tools": "yes",
  json_schema: "yes",
  json_object: "yes",
  "thinking off": "yes",
  "thinking on": "yes",
  "context limit": "yes",
};

describe("kagari doctor", () => {
  it("finds all that a model obeys, and shows each request with its key masked", async () => {
    const { code, verdicts, requests } = await examined({}, { no_think: true });
    expect(verdicts).toEqual(HEALTHY);
    expect(code).toBe(0);
    expect(requests).toHaveLength(10);
    expect(requests[0]).toMatchObject({
      method: "POST",
      url: expect.stringMatching(/\/v1\/chat\/completions$/),
      headers: { authorization: "***", "content-type": "application/json" },
      body: { model: "qwen3-4b", enable_thinking: false, stream: false },
    });
  });

  it.each([
    ["no tools", { tools: false }, { tools: "no", "parallel tools": "no" }],
    ["one call at a time", { parallelTools: false }, { "parallel tools": "no" }],
    ["no schemas", { jsonSchema: false }, { json_schema: "no" }],
    ["no JSON mode", { jsonObject: false }, { json_object: "no" }],
    ["no usage in streams", { streamUsage: false }, { "usage in stream": "no" }],
    ["a larger window", { maxWords: 100_000 }, { "context limit": "no" }],
    ["strange words of refusal", { refusal: { message: "no" } }, { "context limit": "unsure" }],
    ["an own code", { refusal: { code: "x", message: "prompt is too long" } }, {}],
    ["thoughts, always", { thinks: "always" }, { "thinking off": "no" }],
  ] satisfies [string, Partial<Abilities>, object][])(
    "reports %s, which is no fault where the file does not claim otherwise",
    async (_, abilities, expected) => {
      const { code, verdicts } = await examined(abilities);
      expect(verdicts).toEqual({ ...HEALTHY, ...expected });
      expect(code).toBe(0);
    },
  );

  it.each([
    ["tools", { tools: false }, { capabilities: { tools: true } }, "tools"],
    ["an end of thinking", { thinks: "always" }, { no_think: true }, "thinking off"],
    ["thinking", { thinks: "never" }, { no_think: false }, "thinking on"],
  ] satisfies [string, Partial<Abilities>, object, string][])(
    "finds a fault where the file claims %s and the server has none",
    async (_, abilities, fields, probe) => {
      const { code, verdicts } = await examined(abilities, fields);
      expect(verdicts[probe]).toBe("no!");
      expect(code).toBe(1);
    },
  );

  it("shows what goes over the wire: Ollama's own, and addresses with their secrets masked", async () => {
    const done = { model: "m", message: { role: "assistant", content: "pong" }, done: true };
    await using server = await fake.fakeProvider(fake.json(done));
    const query = { token: "query test value", version: "2" };
    write(server.url, { dialect: "ollama_native", query });
    const { stdout } = await doctor("--json", "--no-context");
    const { findings, requests } = JSON.parse(stdout);
    expect(findings[0]).toMatchObject({ probe: "key and answer", verdict: "yes" });
    expect(requests[0].url).toBe(`${new URL(server.url).origin}/api/chat?token=***&version=***`);
    const [sent] = server.requests;
    expect(sent?.path).toBe("/api/chat?token=query+test+value&version=2");
    expect(requests[0].body).toEqual(sent?.body);
    expect(stdout).not.toMatch(/query.test.value/);
  });

  it("asks no more when the key is refused, and masks the key that the refusal repeats", async () => {
    const { code, findings, requests } = await examined({ key: "another" });
    expect(findings[0]).toMatchObject({ probe: "key and answer", verdict: "no", isFault: true });
    expect(findings[0].detail).toContain("the key is refused: answered 401: Incorrect API key");
    expect(findings.slice(1).every(({ verdict }: Finding) => verdict === "skipped")).toBe(true);
    expect(requests).toHaveLength(1);
    expect(code).toBe(1);
  });

  it("says what is wrong where there is no server, no key, no such model or a bad file", async () => {
    write("http://127.0.0.1:9/v1");
    expect((await doctor()).stdout).toMatch(/key and answer +no ! +cannot be reached/);
    write("http://127.0.0.1:9/v1", { api_key: "env:UNSET_KEY" });
    const keyless = await doctor();
    expect(keyless.stdout).toContain("environment variable UNSET_KEY is missing");
    expect(keyless.code).toBe(1);
    write("http://127.0.0.1:9/v1", { pay_in: -1 });
    expect(await doctor()).toMatchObject({ code: 1, stderr: expect.stringContaining("pay_in") });
    const other = await runCli(["doctor", "n"], { cwd: folder.path, env: {} });
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining('"n"') });
  });

  it("prints requests, a table and a judgement for people", async () => {
    await using server = await modelServer({ tools: false });
    write(server.url, { capabilities: { tools: true } });
    const { code, stdout } = await doctor("--no-context");
    expect(stdout).toContain("authorization: ***");
    expect(stdout).toMatch(/^probe +obeyed +what was seen$/m);
    expect(stdout).toMatch(/^streaming +yes +\d+ pieces$/m);
    expect(stdout).toMatch(/^tools +no ! +answered in words, without a call$/m);
    expect(stdout).toMatch(/^context limit +skipped +not asked/m);
    expect(stdout).toMatch(/m does not do what its file says: see the lines marked with !\n$/);
    expect(stdout).not.toContain(KEY);
    expect(code).toBe(1);
  });

  it("stores what it found, leaves the rest of the file as it was, and follows a link", async () => {
    await using server = await modelServer({ tools: false, jsonSchema: false });
    const written = `{\r\n    "url":   "${server.url}", "model": "m",\r\n    "x-note": {"b": 1,"a": "}"},\r\n    "dialect": "dashscope",\r\n    "capabilities": {"vision": true, "tools": true},\r\n    "api_key": "env:DOCTOR_KEY"\r\n}\r\n`;
    const target = join(folder.path, "target.json.txt");
    writeFileSync(target, written, { mode: 0o640 });
    symlinkSync(target, file);
    const { stderr } = await doctor("--write");
    expect(stderr).toContain(`wrote capabilities to ${file}`);

    const text = readFileSync(target, "utf8");
    const [before, after] = written.split('{"vision": true, "tools": true}');
    expect(text.startsWith(before ?? "?")).toBe(true);
    expect(text.endsWith(after ?? "?")).toBe(true);
    expect(JSON.parse(text).capabilities).toEqual({
      vision: true,
      tools: false,
      parallel_tools: false,
      json_schema: false,
      json_object: true,
      streaming: true,
      stream_usage: true,
    });
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(lstatSync(target).mode & 0o777).toBe(0o640);
    expect(readdirSync(folder.path).filter((name) => name.startsWith("."))).toEqual([]);
    const again = await doctor("--json", "--no-context");
    expect(JSON.parse(again.stdout).isHealthy).toBe(true);
  });

  it("writes nothing of a model that did not answer", async () => {
    write("http://127.0.0.1:9/v1");
    const before = readFileSync(file, "utf8");
    expect((await doctor("--write")).stderr).toContain("nothing was found that could be stored");
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});

describe("kagari doctor on other models", () => {
  const one = async (answer: fake.Answer, fields: object) => {
    await using server = await fake.fakeProvider(answer);
    write(server.url, fields);
    const { code, stdout } = await doctor("--json");
    return { code, ...JSON.parse(stdout).findings[0], sent: server.lastBody };
  };

  it("measures the vectors of an embedding model", async () => {
    const answer = fake.json({ data: [{ index: 0, embedding: [0.1, 0.2, 0.3, 0.4] }] });
    const fields = { model_type: "embedding", dimensions: 4 };
    expect(await one(answer, fields)).toMatchObject({
      code: 0,
      detail: "4 dimensions",
      sent: { model: "qwen3-4b", dimensions: 4, encoding_format: "float" },
    });
    expect(await one(answer, { ...fields, dimensions: 8 })).toMatchObject({
      code: 1,
      detail: "4 dimensions, the file says 8",
    });
    expect(await one(fake.json({}), fields)).toMatchObject({ code: 1, verdict: "no" });
  });

  it("has an image model make one, at once or as a task", async () => {
    const b64_json = PIXEL.toString("base64");
    const made = await one(fake.json({ data: [{ b64_json }] }), AT_ONCE);
    expect(made).toMatchObject({ code: 0 });
    const fields = { model_type: "image", dialect: "dashscope", poll: { interval: 0.001 } };
    const task = await one(
      fake.json({
        output: { task_id: "t", task_status: "SUCCEEDED", results: [{ url: DATA_URL }] },
      }),
      { ...fields, model: "wanx-v1" },
    );
    expect(task).toMatchObject({ code: 0, detail: expect.stringContaining("made as a task") });
    const none = await one(fake.json({ data: [] }), AT_ONCE);
    expect(none).toMatchObject({ code: 1 });
  });

  it("lets a rerank model choose between two documents", async () => {
    const ranked = (index: number) => fake.json({ results: [{ index, relevance_score: 0.9 }] });
    expect(await one(ranked(1), { model_type: "rerank" })).toMatchObject({ code: 0 });
    expect(await one(ranked(0), { model_type: "rerank" })).toMatchObject({
      code: 1,
      verdict: "no",
    });
  });
});
