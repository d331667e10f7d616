import { existsSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";
import { z } from "zod";

import { SETTINGS } from "../../src/config/settings.ts";
import { listProjectFiles, readProjectText } from "./project-files.ts";
import { PROJECT_ROOT } from "./source-files.ts";

const documents = ["README.md", "README.zh-CN.md", "AGENTS.md", "CHANGELOG.md", "SECURITY.md"];
const blocksOf = (text: string) =>
  [...text.matchAll(/^ *```\w*\n[\s\S]*?^ *```$/gm)].map(([block]) => block);
const readmes = ["README.md", "README.zh-CN.md"] as const;

describe("the documents", () => {
  it("are as short as they promise", () => {
    for (const name of readmes) expect(readProjectText(name).split("\n").length).toBeLessThan(250);
    expect(readProjectText("AGENTS.md").split("\n").length).toBeLessThan(100);
  });

  it("show the same code in English and Chinese", () => {
    const [english, chinese] = readmes.map((name) => blocksOf(readProjectText(name)));
    expect(english?.length).toBeGreaterThan(5);
    expect(chinese).toEqual(english);
  });

  it("have the same sections in English and Chinese", () => {
    const [english, chinese] = readmes.map((name) => readProjectText(name).match(/^#+ |^\| /gm));
    expect(chinese).toEqual(english);
  });

  it.each(documents)("%s names npm scripts that exist", (name) => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readProjectText("package.json")));
    const named = [...readProjectText(name).matchAll(/npm (?:run )?(start|test|(?<=run )[\w:]+)/g)];
    expect(named.map(([, script = ""]) => script).filter((script) => !(script in scripts))).toEqual(
      [],
    );
  });

  it.each(documents)("%s links to files that exist", (name) => {
    const links = [...readProjectText(name).matchAll(/\]\((?!https?:|#)([^)#]+)/g)];
    const missing = links.filter(([, link = ""]) => !existsSync(path.join(PROJECT_ROOT, link)));
    expect(missing.map(([, link]) => link)).toEqual([]);
  });

  it.each([...readmes, ".env.example"])("%s names variables that are read", (name) => {
    const known = new Set(Object.values(SETTINGS).map(({ env }) => env));
    const models = listProjectFiles().filter((file) =>
      /^config\/models\/[\w.-]+\.json$/.test(file),
    );
    for (const file of models) {
      for (const [, key = ""] of readProjectText(file).matchAll(/"env:(\w+)"/g)) known.add(key);
    }
    const named = readProjectText(name).match(/\b(?:KAGARI_\w+|[A-Z]+_API_KEY|HOST|PORT)\b/g) ?? [];
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((key) => !known.has(key))).toEqual([]);
  });
});
