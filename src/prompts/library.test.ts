import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openPrompts } from "./library.ts";

function prompts(text: string) {
  const dir = mkdtempSync(join(tmpdir(), "kagari-prompts-"));
  const file = join(dir, "greet.md");
  writeFileSync(file, text);
  return {
    dir,
    file,
    library: openPrompts(dir),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}

it("fills placeholders and leaves other braces alone", () => {
  using p = prompts('Hello {name}, you are {age}. {"json": 1} {}\n');
  expect(p.library.render("greet", { variables: { name: "{age}", age: 3 } }).text).toBe(
    'Hello {age}, you are 3. {"json": 1} {}',
  );
});

it("names the file and the placeholder that has no value", () => {
  using p = prompts("Hello {name} {toString}");
  expect(() => p.library.render("greet", { variables: { name: "x" } })).toThrow(
    /greet\.md: no value for the placeholder \{toString\}/,
  );
});

it("names the file of a prompt that is missing", () => {
  using p = prompts("x");
  expect(() => p.library.render("great")).toThrow(join(p.dir, "great.md"));
});

it.each(["../greet", "a/b", "..", "", "a\\b", "/etc/passwd", "greet.md", "greet\0"])(
  "refuses the name %j",
  (name) => {
    using p = prompts("x");
    expect(() => p.library.render(name)).toThrow("is not a prompt name");
  },
);

it("sees a changed file", () => {
  using p = prompts("old");
  expect(p.library.render("greet").text).toBe("old");
  writeFileSync(p.file, "new");
  utimesSync(p.file, 1, 1);
  expect(p.library.render("greet").text).toBe("new");
});

it("takes the file of the language that is nearest", () => {
  using p = prompts("Hello");
  writeFileSync(join(p.dir, "greet.zh.md"), "你好");
  writeFileSync(join(p.dir, "greet.zh-Hant.md"), "您好");
  const inLanguage = (language: string) => p.library.render("greet", { language }).text;
  expect(inLanguage("zh-CN")).toBe("你好");
  expect(inLanguage("zh-hant-tw")).toBe("您好");
  expect(inLanguage("en")).toBe("Hello");
  expect(() => inLanguage("../zh")).toThrow("language: expected a tag such as zh-CN");
});
