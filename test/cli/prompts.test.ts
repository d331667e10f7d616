import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCli, tempFolder } from "../support/spawn-server.ts";

it("kagari prompts lists the prompts, their variables and what is wrong", async () => {
  using folder = tempFolder();
  writeFileSync(join(folder.path, "langgraph.json"), '{"graphs":{}}');
  mkdirSync(join(folder.path, "prompts"));
  const write = (name: string, text: string) =>
    writeFileSync(join(folder.path, "prompts", name), text);
  write("greet.md", "---\ndescription: Greets\nmodel: small\n---\nHello {name} of {place}");
  write("greet.zh.md", "你好");
  const prompts = async (...flags: string[]) =>
    await runCli(["prompts", ...flags], { cwd: folder.path });
  const cells = (text: string) => text.split("\n").map((line) => line.split(/ {2,}/));
  const good = await prompts();
  expect(good.code).toBe(0);
  expect(cells(good.stdout)).toEqual([
    ["name", "language", "model", "variables", "description"],
    ["greet", "-", "small", "name, place", "Greets"],
    ["greet", "zh", "-", "-", "-"],
    [""],
  ]);
  write("bad.md", "---\nmodle: small\n---\nHello");
  const bad = await prompts("--json");
  expect(bad.code).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({
    prompts: [{ name: "bad", problem: expect.stringContaining('"modle"') }, {}, {}],
  });
  expect((await prompts()).stdout).toMatch(/^refused: .*bad\.md: unknown key "modle"/m);
});
