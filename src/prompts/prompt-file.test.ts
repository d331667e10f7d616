import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fillPrompt, readPromptFile } from "./prompt-file.ts";

function read(text: string) {
  const dir = mkdtempSync(join(tmpdir(), "kagari-prompt-"));
  try {
    writeFileSync(join(dir, "greet.md"), text);
    return readPromptFile(join(dir, "greet.md"));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const HEAD = `---
description: Greets
model: small
variables:
  name: Whom to greet
  tone: { description: How, default: kindly }
---
`;

describe("front matter", () => {
  it("is no part of the text, and gives values to placeholders", () => {
    const prompt = read(`${HEAD}\nGreet {name} {tone}, {name}.\n`);
    expect(prompt).toMatchObject({
      text: "Greet {name} {tone}, {name}.",
      description: "Greets",
      model: "small",
      placeholders: ["name", "tone"],
    });
    expect(fillPrompt(prompt, { name: "Ada" })).toBe("Greet Ada kindly, Ada.");
    expect(fillPrompt(prompt, { name: "Ada", tone: "coldly" })).toBe("Greet Ada coldly, Ada.");
    expect(() => fillPrompt(prompt, {})).toThrow(
      /greet\.md: no value for the placeholder \{name\}/,
    );
  });

  it.each([
    ["nothing", "Hello"],
    ["an empty head", "---\n---\nHello"],
    ["a byte order mark and lines of Windows", "\uFEFF---\r\ndescription: a\r\n---\r\nHello\r\n"],
    ["a rule in the text", "Hello\n---\nyou\n---\nall"],
  ])("may be %s", (_, text) => {
    expect(read(text).text).toMatch(/^Hello/);
  });

  it.each([
    ["is not closed", "---\ndescription: a\nHello", "no second line of ---"],
    ["is no YAML", "---\na: [1\n---\nHello", "the front matter is not YAML"],
    ["is no mapping", "---\nhello\n---\nHello", "the file: "],
    ["has a key that is unknown", "---\nmodle: a\n---\nHello", 'unknown key "modle"'],
    ["has a wrong type", "---\nmodel: 3\n---\nHello", "model: "],
    ["declares what the text lacks", "---\nvariables: { a: x }\n---\nHello", "variables.a: "],
    ["lacks what the text has", "---\nvariables: { a: x }\n---\n{a} {b}", "{b} of the text"],
    ["has no text below", "---\ndescription: a\n---\n \n", "the prompt is empty"],
  ])("that %s is refused", (_, text, reason) => {
    expect(() => read(text)).toThrow(/greet\.md: /);
    expect(() => read(text)).toThrow(reason);
  });
});
