import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { parseSecretRef } from "./secret-ref.ts";

describe("parseSecretRef", () => {
  it.each([
    "sk-**",
    "sk-xxx",
    "sk-xxxxxxxx",
    "your-api-key",
    "YOUR_API_KEY",
    "your_dashscope_key",
    "<key>",
    "***",
    "",
    "  ",
    "你的密钥",
    "a key",
  ])("takes %j for a key that is not set", (value) => {
    const secret = parseSecretRef(value, { env: {}, dir: "." });
    expect(secret.state()).toMatchObject({
      ready: false,
      reason: expect.stringContaining("key not set"),
    });
    expect(() => secret.resolve()).toThrow("key not set");
    expect(secret.isLiteral && secret.state().ready).toBe(false);
  });

  it.each(["env:NAME", "${NAME}"])("reads %s at call time, so that a new key is used", (value) => {
    const env: Record<string, string> = {};
    const secret = parseSecretRef(value, { env, dir: "." });
    expect(secret.state()).toEqual({ ready: false, reason: expect.stringContaining("NAME") });
    env["NAME"] = "first-key ";
    expect(secret.resolve()).toBe("first-key");
    env["NAME"] = "second-key";
    expect(secret.resolve()).toBe("second-key");
    env["NAME"] = "sk-**";
    expect(secret.state().ready).toBe(false);
  });

  it("reads a file beside the config, without its line end", () => {
    const dir = mkdtempSync(join(tmpdir(), "kagari-secret-"));
    writeFileSync(join(dir, "key.txt"), "file-key-1\n");
    expect(parseSecretRef("file:key.txt", { env: {}, dir }).resolve()).toBe("file-key-1");
    rmSync(dir, { recursive: true });
    expect(parseSecretRef("file:key.txt", { env: {}, dir }).state().ready).toBe(false);
  });

  it("knows null as a server without a key", () => {
    expect(parseSecretRef(null, { env: {}, dir: "." }).resolve()).toBeUndefined();
  });

  it("is never printed", () => {
    const secret = parseSecretRef("literal-key-9", { env: {}, dir: "." });
    expect(secret.isLiteral).toBe(true);
    expect(inspect({ secret }, { depth: 9 }) + JSON.stringify({ secret })).not.toContain(
      "literal-key-9",
    );
  });
});

it("is taken out of a text in every form, and nothing else is", () => {
  const mask = (value: string, text: string) =>
    parseSecretRef(value, { env: {}, dir: "." }).mask(text);
  expect(mask('key-"1"', 'a key-"1" b key-\\"1\\" c')).toBe("a *** b *** c");
  expect(mask("key+/1=", `a=${encodeURIComponent("key+/1=")}&b`)).toBe("a=***&b");
  expect(mask("key-123", `Basic ${btoa("key-123")}`)).toMatch(/^Basic \*{3}=*$/);
  const password = "pass%20word";
  const proxy = `http://me:${password}@127.0.0.1:9`;
  expect(mask(proxy, `Basic ${btoa("me:pass word")} pass word ${proxy}`)).not.toMatch(
    /pass|bWU6|word/,
  );
  expect(mask("abc", "abc")).toBe("abc");
  expect(mask("env:UNSET_NAME", "any text")).toBe("any text");
});
