import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

import { readProjectText } from "./project-files.ts";
import { PROJECT_ROOT } from "./source-files.ts";

const SENTENCE =
  "Kagari needs Node.js 24 or newer (this is v18.20.4); " +
  "install it from your package manager or nvm and run the same command again.\n";
const PRETEND_OLD = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"18.20.4"}})`;

const MAIN = `
const args: string[] = process.argv.slice(2);
if (args[0] === "start") {
  const timer = setTimeout(() => {}, 30_000);
  process.on("SIGTERM", () => {
    console.log("asked to stop");
    clearTimeout(timer);
  });
  console.log("ready");
} else console.log(args.join("|"));
process.exitCode = 3;
`;

let folder: string;
let launcher: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "kagari-launcher-"));
  launcher = path.join(folder, "bin", "kagari.mjs");
  cpSync(path.join(PROJECT_ROOT, "bin"), path.join(folder, "bin"), { recursive: true });
  writeFileSync(path.join(folder, "package.json"), `{ "type": "module" }`);
  mkdirSync(path.join(folder, "src", "cli"), { recursive: true });
  writeFileSync(path.join(folder, "src", "cli", "main.ts"), MAIN);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a "bundled" Node in place that drops the two flags that make the launcher see an old one. */
function installBundledNode(): Disposable {
  const modules = path.join(folder, "node_modules");
  const bin = path.join(modules, `node-${process.platform}-${process.arch}`, "bin");
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh\nshift 2\nexec "${process.execPath}" "$@"\n`;
  writeFileSync(path.join(bin, "node"), script, { mode: 0o755 });
  return { [Symbol.dispose]: () => rmSync(modules, { recursive: true }) };
}

function run(script: string, options: { isOld: boolean }) {
  const flags = options.isOld ? ["--import", PRETEND_OLD] : [];
  const args = [...flags, path.join(folder, "bin", script), "models", "a b"];
  return spawnSync(process.execPath, args, { encoding: "utf8", cwd: tmpdir() });
}

async function startAndTerminate(command: string, args: readonly string[], env = process.env) {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    if (output === "") child.kill("SIGTERM");
    output += chunk;
  });
  await once(child.stdout, "close");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { output, exitCode: child.exitCode };
}

describe("the launcher", () => {
  it("runs the command line with its arguments and exit code", () => {
    expect(run("kagari.mjs", { isOld: false })).toMatchObject({
      status: 3,
      stdout: "models|a b\n",
    });
  });

  it("hands over to the Node that npm installed when its own is too old", () => {
    using _bundled = installBundledNode();
    expect(run("kagari.mjs", { isOld: true })).toMatchObject({ status: 3, stdout: "models|a b\n" });
  });

  it("passes a signal on once and keeps the exit code", async () => {
    using _bundled = installBundledNode();
    const args = ["--import", PRETEND_OLD, launcher, "start"];
    expect(await startAndTerminate(process.execPath, args)).toEqual({
      output: "ready\nasked to stop\n",
      exitCode: 3,
    });
  });

  it("stops when npm's shell was stopped", async () => {
    const command = `"${process.execPath}" "${launcher}" start; true`;
    const env = { ...process.env, npm_lifecycle_event: "start" };
    const { output } = await startAndTerminate("sh", ["-c", command], env);
    expect(output).toBe("ready\nasked to stop\n");
  });

  it.each(["kagari.mjs", "require-node.mjs"])(
    "%s says in one sentence what an old Node needs",
    (script) => {
      const { status, stdout, stderr } = run(script, { isOld: true });
      expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: "", stderr: SENTENCE });
    },
  );
});

describe("every npm script", () => {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readProjectText("package.json")));

  it.each(Object.entries(scripts))("%s begins with the check of the version", (_, command) => {
    expect(command).toMatch(/^node bin\/(kagari|require-node)\.mjs( |$)/);
  });
});
