import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkPrompts, surveyPrompts } from "./survey.ts";

function folder(files: Record<string, string>) {
  const dir = mkdtempSync(join(tmpdir(), "kagari-prompts-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true }) };
}

it("tells every prompt and language, good and bad", () => {
  using f = folder({
    "a.md": "x",
    "a.zh-CN.md": "y",
    "b.zh.md": "only Chinese",
    "c.zh-cn.md": "a tag in small letters",
    "d.md": "",
    ".hidden.md": "",
    "notes.txt": "",
  });
  const found = surveyPrompts(f.dir).map(({ name, language, problem }) => [
    name,
    language,
    problem,
  ]);
  expect(found).toEqual([
    ["a", undefined, undefined],
    ["a", "zh-CN", undefined],
    ["b", "zh", expect.stringContaining("b.md: missing")],
    ["c.zh-cn.md", undefined, expect.stringContaining("expected a name such as")],
    ["d", undefined, expect.stringContaining("d.md: expected a text")],
  ]);
  expect(() => checkPrompts(f.dir)).toThrow(/b\.md: missing[^]*c\.zh-cn\.md[^]*d\.md/);
});

it("finds nothing where there is no folder", () => {
  using f = folder({});
  expect(checkPrompts(join(f.dir, "none"))).toEqual([]);
});
