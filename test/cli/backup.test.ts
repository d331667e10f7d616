import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { human, newThread, okJson, refusal, runWait, threadOf } from "../support/calls.ts";
import { runCli, type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

let folder: ReturnType<typeof tempFolder>;
let server: SpawnedServer;
let file: string;
beforeEach(async () => {
  folder = tempFolder();
  file = join(folder.path, "kept.db");
  server = await spawnServer({ langgraph: TEST_GRAPHS });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const cli = (command: "backup" | "restore", ...flags: string[]) =>
  runCli([command, file, `--data-dir=${server.dataDir}`, ...flags], { cwd: folder.path });

async function talk(): Promise<string> {
  const thread = await newThread(server.api);
  await runWait(server.api, thread, { assistant_id: "echo", input: human("hello") });
  return thread;
}

describe("kagari backup and restore", () => {
  it("copy a running server's database whole while it is written to, and bring it back", async () => {
    const before = await talk();
    const values = await threadOf(server.api, before);
    const writer = new AbortController();
    const writing = (async () => {
      const made: string[] = [];
      while (!writer.signal.aborted)
        made.push(await newThread(server.api, { metadata: { n: made.length } }));
      return made;
    })();
    const backedUp = await cli("backup");
    writer.abort();
    expect(backedUp, backedUp.stderr).toMatchObject({ code: 0 });
    const made = await writing;
    expect(made.length).toBeGreaterThan(0);
    const after = await talk();
    expect(readdirSync(folder.path)).toEqual(["kept.db"]);

    expect((await cli("restore")).stderr).toContain("in use by another Kagari process");
    expect((await cli("restore", "--force")).stderr).toContain("in use");
    await server.stop();
    const refused = await cli("restore");
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
    await server.start();
    await okJson(server.api.get(`/threads/${after}`));
    await server.stop();

    const restored = await cli("restore", "--force");
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(existsSync(join(server.dataDir, "kagari.db.replaced"))).toBe(true);
    await server.start();
    expect(await threadOf(server.api, before)).toEqual(values);
    await refusal(server.api.get(`/threads/${after}`), 404);
    await talk();
  });

  it("restore into an empty folder", async () => {
    const thread = await talk();
    await cli("backup");
    const dataDir = join(folder.path, "elsewhere");
    const restored = await runCli(["restore", file, `--data-dir=${dataDir}`], {
      cwd: folder.path,
    });
    expect(restored).toMatchObject({ code: 0 });
    await using other = await spawnServer({
      langgraph: TEST_GRAPHS,
      flags: [`--data-dir=${dataDir}`],
    });
    await okJson(other.api.get(`/threads/${thread}`));
  });

  it("refuse what is missing, damaged or not ours, and overwrite nothing", async () => {
    await talk();
    expect((await cli("restore")).stderr).toContain("not found");
    await cli("backup");
    const whole = readFileSync(file);
    expect((await cli("backup")).stderr).toContain("exists already");
    expect(readFileSync(file).equals(whole)).toBe(true);
    await server.stop();
    const own = readFileSync(join(server.dataDir, "kagari.db"));

    truncateSync(file, Math.floor(whole.length / 2));
    expect(await cli("restore", "--force")).toMatchObject({ code: 1 });
    writeFileSync(file, "not a database at all, but long enough to be looked at ".repeat(20));
    expect(await cli("restore", "--force")).toMatchObject({ code: 1 });
    writeFileSync(file, "");
    expect(await cli("restore", "--force")).toMatchObject({ code: 1 });
    expect(readFileSync(join(server.dataDir, "kagari.db")).equals(own)).toBe(true);
    copyFileSync(join(server.dataDir, "kagari.lock"), file);
    expect(await cli("restore", "--force")).toMatchObject({ code: 1 });
  });
});
