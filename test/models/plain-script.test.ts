import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import * as fake from "../support/fake-provider.ts";

const ROOT = new URL("../..", import.meta.url);
const run = promisify(execFile);

async function script(
  code: string,
  { env = {}, cwd = ROOT.pathname }: { env?: Record<string, string>; cwd?: string } = {},
) {
  const all = { PATH: process.env["PATH"] ?? "", NODE_NO_WARNINGS: "1", ...env };
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", code], {
    cwd,
    env: all,
  });
  return stdout.trim();
}

const asked = (path: string) => `
  const { graph } = await import(${JSON.stringify(new URL(path, ROOT).href)});
  const state = await graph.invoke({ messages: [["user", "计算 12*7"]] });
  console.log(state.messages.at(-1)?.text);`;

describe("a plain script with no server", () => {
  it("runs graphs/chat.ts with the project's own models and prompts", async () => {
    expect(await script(asked("graphs/chat.ts"))).toContain("84");
  });

  it("runs graphs/approval.ts up to its interrupt, with a saver of the caller", async () => {
    const out = await script(`
      const { graph } = await import(${JSON.stringify(new URL("graphs/approval.ts", ROOT).href)});
      const { MemorySaver } = await import("@langchain/langgraph");
      graph.checkpointer = new MemorySaver();
      const state = await graph.invoke({ messages: [["user", "hi"]] }, { configurable: { thread_id: "1" } });
      console.log(JSON.stringify(state.__interrupt__));`);
    expect(out).toContain("action_requests");
  });

  it("finds the project from a folder inside it, and has the demo where there is none", async () => {
    const dir = mkdtempSync(join(tmpdir(), "kagari-script-"));
    const code = `
      const { chatModel } = await import(${JSON.stringify(new URL("src/graphkit.ts", ROOT).href)});
      console.log((await chatModel().invoke("hello")).text);`;
    expect(await script(code, { cwd: new URL("graphs", ROOT).pathname })).toContain("offline demo");
    expect(await script(code, { cwd: dir })).toContain("offline demo");
    rmSync(dir, { recursive: true });
  });

  it("reads .env and langgraph.json's env, and the environment over both", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    const dir = mkdtempSync(join(tmpdir(), "kagari-script-"));
    mkdirSync(join(dir, "config", "models"), { recursive: true });
    const names = ["FROM_DOTENV", "FROM_LIST", "FROM_PROCESS"];
    for (const name of names)
      writeFileSync(
        join(dir, "config", "models", `${name}.json`),
        JSON.stringify({ model: "m", url: provider.url, api_key: `env:${name}` }),
      );
    const list = { graphs: {}, env: { FROM_LIST: "key-of-list", FROM_DOTENV: "not-this" } };
    writeFileSync(join(dir, "langgraph.json"), JSON.stringify(list));
    writeFileSync(join(dir, ".env"), "FROM_DOTENV=key-of-dotenv\nFROM_PROCESS=not-this\n");
    await script(
      `
      const { chatModel } = await import(${JSON.stringify(new URL("src/graphkit.ts", ROOT).href)});
      for (const model of ${JSON.stringify(names)}) await chatModel({ model }).invoke("hi");`,
      { cwd: dir, env: { FROM_PROCESS: "key-of-process" } },
    );
    rmSync(dir, { recursive: true });
    expect(provider.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer key-of-dotenv",
      "Bearer key-of-list",
      "Bearer key-of-process",
    ]);
  });

  it("sends nothing of the OPENAI_ environment to a provider", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    const env = {
      OPENAI_API_KEY: "leak-key",
      OPENAI_ADMIN_KEY: "leak-admin",
      OPENAI_ORGANIZATION: "leak-org",
      OPENAI_ORG_ID: "leak-org",
      OPENAI_PROJECT_ID: "leak-project",
      OPENAI_BASE_URL: "http://leak.invalid",
      OPENAI_CUSTOM_HEADERS: "x-leak: leak-header",
    };
    await script(
      `
      const { installRuntime } = await import(${JSON.stringify(new URL("src/models/runtime-handle.ts", ROOT).href)});
      const { parseModelConfig } = await import(${JSON.stringify(new URL("src/config/model-config.ts", ROOT).href)});
      const { Model } = await import(${JSON.stringify(new URL("src/models/model.ts", ROOT).href)});
      const { ModelRegistry } = await import(${JSON.stringify(new URL("src/models/registry.ts", ROOT).href)});
      const { TokenFactors } = await import(${JSON.stringify(new URL("src/models/tokens/token-factors.ts", ROOT).href)});
      const { chatModel } = await import(${JSON.stringify(new URL("src/graphkit.ts", ROOT).href)});
      const make = (api_key) => new Model(
        parseModelConfig({ model: "m", url: "${provider.url}", api_key }, { file: "a.json", dir: ".", env: {} }),
        { clock: { now: () => 0 }, log: undefined });
      for (const key of [null, "own-key-1"]) {
        installRuntime({ version: 1, models: new ModelRegistry([make(key)], "a"), prompts: {}, usage: { record() {} }, factors: new TokenFactors() });
        await chatModel().invoke("hi");
      }`,
      { env },
    );
    expect(provider.requests.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer EMPTY",
      "Bearer own-key-1",
    ]);
    expect(JSON.stringify(provider.requests)).not.toContain("leak");
    expect(
      Object.keys(provider.requests[0]?.headers ?? {}).filter((name) => name.startsWith("x-")),
    ).toEqual([]);
  });

  it("loads neither storage nor node:sqlite", async () => {
    const out = await script(`
      await import(${JSON.stringify(new URL("src/graphkit.ts", ROOT).href)});
      console.log(process.moduleLoadList.filter((name) => name.includes("sqlite")).join() || "none");`);
    expect(out).toBe("none");
  });
});
