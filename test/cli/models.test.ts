import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli, tempFolder } from "../support/spawn-server.ts";

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder();
  mkdirSync(join(folder.path, "config", "models"), { recursive: true });
  writeFileSync(join(folder.path, "langgraph.json"), '{"graphs":{}}');
});
afterEach(() => folder[Symbol.dispose]());

const write = (name: string, fields: object) =>
  writeFileSync(join(folder.path, "config", "models", name), JSON.stringify(fields));

const models = (...flags: string[]) =>
  runCli(["models", ...flags], {
    cwd: folder.path,
    env: { KAGARI_LOCAL_MODELS: "off", SET_KEY: "test-marker-5678" },
  });

const QWEN = {
  model: "qwen3-4b",
  url: "https://dashscope.aliyuncs.com/compatible-mode/v1",
  pay_in: 0.3,
  pay_out: 1.2,
  input_tokens: 32768,
  out_tokens: 8192,
  no_think: true,
};

describe("kagari models", () => {
  it("shows each model with its state, and below the table why", async () => {
    write("通义.json", { ...QWEN, api_key: "env:SET_KEY" });
    write("nokey.json", { ...QWEN, api_key: "env:UNSET_KEY", dialect: "dashscope" });
    write("off.json", { ...QWEN, enabled: false });
    write("限流.json", {
      ...QWEN,
      api_key: "env:SET_KEY",
      rate_limit: { rpm: 60, max_concurrent: 2 },
      fallbacks: ["off"],
    });
    write("bad.json", { ...QWEN, pay_in: "0.3" });
    const { code, stdout } = await models();
    const row = (id: string) =>
      stdout
        .split("\n")
        .find((line) => line.startsWith(`${id} `))
        ?.split(/ {2,}/);
    const cells = ["qwen3-4b", "32768 / 8192", "0.3 / 1.2 CNY", "off"];
    expect(row("通义")).toEqual(["通义 *", "chat", "dashscope ~", ...cells, "ready"]);
    expect(row("nokey")).toEqual(["nokey", "chat", "dashscope", ...cells, "no key"]);
    expect(row("off")?.at(-1)).toBe("disabled");
    expect(row("bad")?.at(-1)).toBe("refused");
    expect(row("demo")?.at(-1)).toBe("ready");
    expect(stdout).toContain("nokey: key not set: environment variable UNSET_KEY is missing");
    expect(stdout).toMatch(/^bad: refused: .*bad\.json: pay_in: expected number/m);
    expect(stdout).toMatch(/^off: switched off/m);
    expect(stdout).toContain("限流: at most 60 calls a minute, 2 calls at once");
    expect(stdout).toContain("限流: falls back to off on rate_limit, timeout, server");
    expect(stdout).not.toContain("test-marker-5678");
    expect(code).toBe(1);
  });

  it("prints the same as JSON", async () => {
    write("a.json", { ...QWEN, api_key: "env:SET_KEY" });
    const { code, stdout } = await models("--json");
    const { default: defaultId, models: list } = JSON.parse(stdout);
    expect({ code, defaultId }).toEqual({ code: 0, defaultId: "a" });
    expect(list).toMatchObject([
      {
        id: "a",
        isDefault: true,
        state: "ready",
        dialect: "dashscope",
        isDialectInferred: true,
        prices: { payIn: 0.3, payOut: 1.2 },
        currency: "CNY",
        calls: { retries: 3, timeout: null, idleTimeout: 60, totalTimeout: 600, fallbacks: [] },
      },
      { id: "demo", isDefault: false },
    ]);
    expect(stdout).not.toContain("test-marker-5678");
  });

  it("refuses fallbacks that lead nowhere", async () => {
    write("a.json", { ...QWEN, api_key: "env:SET_KEY", fallbacks: ["missing"] });
    const { code, stdout } = await models();
    expect(stdout).toMatch(/^a: refused: .*a\.json: fallbacks: no model is called "missing"/m);
    expect(code).toBe(1);
  });

  it("says that the default model is none of them", async () => {
    const { code, stdout, stderr } = await models("--default-model=dmeo");
    expect(stdout).toMatch(/^demo \*/m);
    expect(stderr).toContain('no model is called "dmeo" (did you mean "demo"?)');
    expect(code).toBe(1);
  });
});
