import { describe, expect, it } from "vitest";

import { listProjectFiles, readProjectText } from "./project-files.ts";
import { findLeaks } from "./secrets.ts";

const hex = "0123456789abcdef".repeat(2);
const letters = "Abcdefgh12345678".repeat(2);

describe("the secret scan", () => {
  it("finds nothing in any file of the project", () => {
    const files = listProjectFiles();
    expect(files).toContain("package.json");
    expect(files).toContain("test/repository/secrets.test.ts");
    const leaks = files.flatMap((name) =>
      findLeaks(readProjectText(name)).map((leak) => `${name}, ${leak}`),
    );
    expect(leaks).toEqual([]);
  });

  it.each([
    ["an OpenAI-style key", ["s", "k-", letters]],
    ["an OpenAI-style key", ["s", "k-proj-", letters]],
    ["a GitHub token", ["gh", "p_", letters]],
    ["an AWS key", ["AK", "IA", "ABCDEFGH12345678"]],
    ["a private key", ["-----BEGIN RSA PRIV", "ATE KEY-----"]],
    ["a Zhipu key", [hex, ".", letters.slice(0, 16)]],
    ["a bearer token", ["Authorization: Bea", "rer ", letters]],
    ["a password in a URL", ["postgres://kagari:", letters, "@db.example/x"]],
    ["a path of one machine", ["open /", "root/.ssh"]],
  ])("catches %s", (name, parts) => {
    expect(findLeaks(`first line\n "${parts.join("")}",`)).toEqual([`line 2: ${name}`]);
  });

  it.each([
    "sk-**",
    "sk-...",
    "env:OPENAI_API_KEY",
    "task-identifier-of-some-length",
    "Bearer ${key}",
  ])("leaves %s alone", (text) => {
    expect(findLeaks(text)).toEqual([]);
  });
});
