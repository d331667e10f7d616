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
