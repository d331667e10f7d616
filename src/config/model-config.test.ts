import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../core/errors.ts";
import { parseModelConfig } from "./model-config.ts";
import { readModelConfigs } from "./model-folder.ts";
import { modelSchemaText } from "./write-model-schema.ts";

const TUTORIAL = {
  model_type: "chat",
  server_type: "openai",
  model: "qwen3-4b",
  url: "https://dashscope.aliyuncs.com/compatible-mode/v1",
  api_key: "sk-**",
  pay_in: 0.3,
  pay_out: 1.2,
  input_tokens: 32768,
  out_tokens: 8192,
  temperature: 0.7,
  timeout: 60,
  no_think: true,
};
const CONTEXT = { file: "m/qwen.json", dir: "m", env: {} };

const parse = (changes: Record<string, unknown>) =>
  parseModelConfig({ ...TUTORIAL, ...changes }, CONTEXT);

function folder(files: Record<string, string>): Disposable & { dir: string } {
  const dir = mkdtempSync(join(tmpdir(), "kagari-models-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

describe("parseModelConfig", () => {
  it("takes the tutorials' file unchanged, and its masked key for no key", () => {
    const config = parseModelConfig(TUTORIAL, CONTEXT);

    const { api_key: _, ...fields } = TUTORIAL;
    expect(config).toMatchObject({ id: "qwen", warnings: [], fields });
    expect(config.secret.state()).toMatchObject({
      ready: false,
      reason: expect.stringContaining("key not set"),
    });
  });

  it.each([
    [{ pay_im: 1 }, 'm/qwen.json: pay_im: unknown key (did you mean "pay_in"?)'],
    [{ pay_in: "0.3" }, "m/qwen.json: pay_in: expected number, received string"],
    [{ pay_out: -1 }, "m/qwen.json: pay_out:"],
    [{ pay_in: Number.POSITIVE_INFINITY }, "m/qwen.json: pay_in:"],
    [{ timeout: 0 }, "m/qwen.json: timeout:"],
    [{ model: undefined }, "m/qwen.json: model: expected a value"],
    [{ url: undefined }, "m/qwen.json: url: expected a value"],
    [{ url: "ftp://x" }, "m/qwen.json: url: expected an http or https URL"],
    [{ url: "https://me:pw@host/v1" }, "m/qwen.json: url: expected"],
    [
      { thinking: { bugdet: 1 } },
      'm/qwen.json: thinking.bugdet: unknown key (did you mean "budget"?)',
    ],
    [{ retries: { mex: 1 } }, "m/qwen.json: retries"],
  ])("refuses %j with file, key path and expected value", (changes, message) => {
    expect(() => parse(changes)).toThrow(ConfigError);
    expect(() => parse(changes)).toThrow(message);
  });

  it("leaves x- keys and everything under extra_body alone", () => {
    const config = parse({ "x-note": 1, extra_body: { any: { thing: [1] } } });
    expect(config.fields.extra_body).toEqual({ any: { thing: [1] } });
  });

  it("makes a base URL of a full endpoint", () => {
    expect(parse({ url: "http://h:1/v1/chat/completions/" }).fields.url).toBe("http://h:1/v1");
    expect(parse({ url: "http://h:1/v1/responses" }).fields.url).toBe("http://h:1/v1");
    expect(parse({ url: "http://h:1/v1/" }).fields.url).toBe("http://h:1/v1");
  });

  it("warns about a literal key and shows it nowhere", () => {
    const config = parse({ api_key: "test-literal-1234" });
    expect(config.warnings).toHaveLength(1);
    expect(JSON.stringify(config)).not.toContain("test-literal-1234");
  });
});

describe("readModelConfigs", () => {
  it("names line and column of broken JSON", () => {
    using files = folder({ "a.json": '{\n  "model": "x",,\n}' });
    expect(() => readModelConfigs({ dir: files.dir, env: {} })).toThrow(
      /a\.json: not valid JSON at line 2, column 16/,
    );
    using cut = folder({ "b.json": '{\n  "model": "x"' });
    expect(() => readModelConfigs({ dir: cut.dir, env: {} })).toThrow(
      /b\.json: not valid JSON at line 2, column 15/,
    );
  });

  it("refuses two models of one name, a file that is no object and one that is too large", () => {
    const model = JSON.stringify({ server_type: "demo", name: "same" });
    using twins = folder({ "a.json": model, "b.json": model });
    expect(() => readModelConfigs({ dir: twins.dir, env: {} })).toThrow(/b\.json: name: .*a\.json/);
    using list = folder({ "a.json": "[]" });
    expect(() => readModelConfigs({ dir: list.dir, env: {} })).toThrow(
      /a\.json: expected a JSON object/,
    );
    using huge = folder({ "a.json": " ".repeat(1024 * 1024 + 1) });
    expect(() => readModelConfigs({ dir: huge.dir, env: {} })).toThrow(
      /a\.json: expected a file below 1 MB/,
    );
  });

  it("reads the shipped files, all of them without a key in them", () => {
    const dir = new URL("../../config/models", import.meta.url).pathname;
    const configs = readModelConfigs({ dir, env: {} });
    expect(configs.map(({ id }) => id)).toEqual([
      "demo-embedding",
      "demo-image",
      "demo-rerank",
      "demo",
      "glm",
      "openai",
      "qwen3-4b",
      "qwen3-8b-siliconflow",
      "vllm",
    ]);
    expect(configs.filter(({ secret }) => secret.state().ready).map(({ id }) => id)).toEqual([
      "demo-embedding",
      "demo-image",
      "demo-rerank",
      "demo",
    ]);
    expect(configs.flatMap(({ warnings }) => warnings)).toEqual([]);
  });
});

it("keeps config/models/model.schema.json current", () => {
  const file = new URL("../../config/models/model.schema.json", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(modelSchemaText());
});
