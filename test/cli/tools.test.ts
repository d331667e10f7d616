import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runCli, tempFolder } from "../support/spawn-server.ts";

const FIXTURE = fileURLToPath(new URL("../support/mcp-stdio.ts", import.meta.url));

describe("kagari tools", () => {
  it("lists tools with their source, policy and state, and ends the servers it asked", async () => {
    using folder = tempFolder();
    const write = (name: string, value: object) =>
      writeFileSync(join(folder.path, name), JSON.stringify(value));
    mkdirSync(join(folder.path, "config", "models"), { recursive: true });
    write("langgraph.json", { graphs: {} });
    write("config/mcp.json", {
      mcpServers: {
        fix: { command: process.execPath, args: [FIXTURE], tools: ["echo", "erase", "fail"] },
        dead: { command: "no-such-program", env: { KEY: "${SET_KEY}" } },
        off: { command: "no-such-program", disabled: true },
      },
    });
    write("config/tools.json", {
      rules: [
        { tool: "clock", policy: "deny" },
        { tool: "calc*", when: { input: { contains: "!" } }, policy: "ask" },
        { tool: "fix__fail", policy: "ask" },
      ],
    });
    const env = {
      KAGARI_LOCAL_MODELS: "off",
      SET_KEY: "test-marker-5678",
      BRAVE_SEARCH_API_KEY: "b",
    };
    const { stdout, code } = await runCli(["tools"], { cwd: folder.path, env });
    const lines = stdout.split("\n").map((line) => line.trim().split(/ {2,}/));
    expect(code).toBe(0);
    expect(lines).toEqual(
      expect.arrayContaining([
        ["name", "source", "policy", "state"],
        ["clock", "kagari", "deny", "ready"],
        ["calculator", "kagari", "by arguments", "ready"],
        ["web_search", "kagari", "allow", "ready"],
        ["generate_image", "kagari", "allow", "no image model can be called"],
        ["fix__echo", "fix", "allow", "ready"],
        ["fix__erase", "fix", "ask", "ready"],
        ["fix__fail", "fix", "ask", "ready"],
        ["mcp:dead", "dead", "-", expect.stringContaining("ENOENT")],
      ]),
    );
    expect(stdout).not.toContain("off");
    const json = await runCli(["tools", "--json"], { cwd: folder.path, env });
    expect(JSON.parse(json.stdout).tools).toContainEqual({
      name: "fix__echo",
      source: "fix",
      policy: "allow",
      state: "ready",
    });
  });
});
