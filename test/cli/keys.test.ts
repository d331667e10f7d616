import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newThread, okJson, refusal } from "../support/calls.ts";
import { runCli, spawnServer, type SpawnedServer, tempFolder } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

let folder: ReturnType<typeof tempFolder>;
let server: SpawnedServer;
beforeEach(async () => {
  folder = tempFolder();
  server = await spawnServer({ langgraph: TEST_GRAPHS });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const keys = (...args: string[]) =>
  runCli(["keys", `--data-dir=${server.dataDir}`, ...args], { cwd: folder.path });

async function create(...args: string[]): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await keys("create", ...args);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^kg_[\w-]{43}\n$/);
  return { "x-api-key": stdout.trim() };
}

const ask = (headers?: Record<string, string>) => server.api.post("/threads/search", {}, headers);

describe("kagari keys", () => {
  it("make and end keys of the server that runs", async () => {
    await newThread(server.api);
    const ann = await create("--name", "ann", "--budget", "2.50 CNY/day", "--expires", "30d");
    await refusal(ask(), 401);
    expect(await okJson(ask(ann))).toEqual([]);

    const { stdout } = await keys("list");
    expect(stdout).toMatch(/ann\s+kg_....\.\.\.....\s+ann\s+until \d{4}.*2\.5 CNY\/day/);
    expect(stdout).not.toContain(ann["x-api-key"]);

    const rotated = await keys("rotate", "ann");
    await refusal(ask(ann), 401);
    await okJson(ask({ "x-api-key": rotated.stdout.trim() }));
    expect((await keys("revoke", "ann")).stdout).toBe("Revoked ann\n");
    await refusal(ask({ "x-api-key": rotated.stdout.trim() }), 401);
    expect((await keys("delete", "ann")).code).toBe(0);
    expect(await okJson(ask())).toHaveLength(1);
  });

  it("make keys while no server runs, also after one that died", async () => {
    await server.kill();
    const admin = await create("--name", "admin", "--admin");
    await server.start();
    await refusal(ask(), 401);
    expect(await okJson(server.api.get("/keys", admin))).toMatchObject([{ name: "admin" }]);
    await server.stop();
    expect(JSON.parse((await keys("list", "--json")).stdout)).toMatchObject([{ admin: true }]);
  });

  it.each([
    [["create"], 2, "--name"],
    [["create", "--name=a", "--rpm=many"], 2, "--rpm"],
    [["create", "--name=a", "--expires=soon"], 2, "--expires"],
    [["create", "--name=a", "--budget=much"], 1, "budget"],
    [["revoke", "nobody"], 1, "nobody"],
  ])("say what is wrong with %j", async (args, code, word) => {
    const result = await keys(...args);
    expect(result).toMatchObject({ code, stderr: expect.stringContaining(word) });
  });
});

describe("a server that others can reach", () => {
  const open = ["--host=0.0.0.0"];

  it("is not started while nobody has to sign in, and says what to do", async () => {
    await expect(spawnServer({ langgraph: TEST_GRAPHS, flags: open })).rejects.toThrow(
      /ended with 1: .*keys create.*auth\.path.*--allow-open/s,
    );
  });

  it("is started with a key, or when its operator means it", async () => {
    await server.stop();
    await create("--name", "ann");
    const flags = [...open, `--data-dir=${server.dataDir}`];
    await using closed = await spawnServer({ langgraph: TEST_GRAPHS, flags });
    expect(closed.url).toContain("0.0.0.0");
    await using meant = await spawnServer({
      langgraph: TEST_GRAPHS,
      flags: [...open, "--allow-open"],
    });
    await newThread(meant.api);
    expect(meant.log).toContain("nobody has to sign in");
  });
});
