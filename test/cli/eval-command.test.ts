import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as fake from "../support/fake-provider.ts";
import { runCli, tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS } from "../support/test-server.ts";

/** Right where the prompt is the good one. */
const byPrompt: fake.Answer = (response, request) => {
  const isGood = JSON.stringify(request.body["messages"]).includes("Be right.");
  (isGood ? fake.textStream("it is 84") : fake.textStream("no idea"))(response, request);
};

async function evaluate(...flags: string[]) {
  await using provider = await fake.fakeProvider(byPrompt);
  using folder = tempFolder();
  const dir = (name: string, files: Record<string, string>) => {
    const path = join(folder.path, name);
    mkdirSync(path);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
    return path;
  };
  const model = { model: "fake", url: provider.url, api_key: "key-of-the-provider" };
  const models = dir("models", { "it.json": JSON.stringify(model) });
  const prompts = dir("prompts", { "good.md": "Be right.", "bad.md": "Be wrong." });
  const dataset = join(folder.path, "set.jsonl");
  const graders = [{ type: "contains", all: ["84"] }];
  writeFileSync(dataset, JSON.stringify({ id: "sum", input: "12*7", graders }));
  const places = [`--config=${OWN_GRAPHS}`, `--models-dir=${models}`, `--prompts-dir=${prompts}`];
  const own = ["--local-models=off", "--default-model=it"];
  return await runCli(["eval", dataset, ...places, ...own, ...flags], { cwd: folder.path });
}

describe("the eval command", () => {
  it("compares prompts and ends with 1 where one of them passes too little", async () => {
    const flags = ["--prompt", "good", "--prompt", "bad", "--min-pass", "50"];
    const { code, stdout } = await evaluate(...flags);
    expect(stdout).toMatch(/^case +good +bad\nsum +pass .*FAIL/);
    expect(stdout).toMatch(/good +1\/1 \(100 %\)/);
    expect(stdout).toMatch(/bad +0\/1 \(0 %\)/);
    expect(code).toBe(1);
  }, 90_000);

  it("ends with 0 where all pass enough, and prints JSON", async () => {
    const { code, stdout } = await evaluate("--prompt", "good", "--min-pass", "100", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([{ case: "sum", variant: "good", passed: true }]);
  }, 90_000);

  it("refuses a share that is none", async () => {
    const { code, stderr } = await evaluate("--min-pass", "101");
    expect(code).not.toBe(0);
    expect(stderr).toContain("--min-pass: expected a whole number from 1 to 100");
  }, 90_000);
});
