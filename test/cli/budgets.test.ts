import { afterAll, beforeAll, expect, it } from "vitest";
import { okJson } from "../support/calls.ts";
import { withKey } from "../support/keys.ts";
import { runCli, type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

const folder = tempFolder();
let server: SpawnedServer;
beforeAll(async () => {
  server = await spawnServer({ langgraph: TEST_GRAPHS });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const cli = (...args: string[]) => runCli(args, { cwd: folder.path });
const budgets = (...args: string[]) => cli("budgets", `--data-dir=${server.dataDir}`, ...args);

it("kagari budgets set, list and lift what may be spent, with a server and without", async () => {
  const data = `--data-dir=${server.dataDir}`;
  const made = await cli("keys", data, "create", "--name", "ann", "--admin");
  const admin = withKey(server.api, made.stdout.trim());
  const [{ key_id }] = await okJson(admin.get("/keys"));
  const day = await budgets("set", "2.50 CNY/day", "--scope=owner");
  expect(day).toMatchObject({ code: 0, stdout: "each owner: 2.5 CNY/day\n" });
  await budgets("set", "10 USD", "--scope=key", "--subject=ann");
  const known = await okJson(admin.get("/budgets"));
  expect(known).toMatchObject([
    { scope: "owner", subject: "*", per: "day", currency: "CNY", limit_micros: 2_500_000 },
    { scope: "key", subject: key_id, per: "total", currency: "USD", limit_micros: 10_000_000 },
  ]);

  await server.stop();
  expect((await budgets("set", "20 USD", "--scope=key", "--subject=ann")).stdout).toBe(
    `key ${key_id}: 20 USD\n`,
  );
  const [first, second] = known.map(({ budget_id }: { budget_id: string }) => budget_id);
  expect((await budgets("remove", first)).stdout).toBe(`Removed ${first}\n`);
  const { stdout } = await budgets("list");
  expect(stdout).toMatch(/^ID +FOR +AMOUNT +PERIOD +SPENT +HELD\n/);
  expect(stdout).toContain(second);
  expect(stdout).toContain("20 USD");
  expect(stdout).not.toContain(first);
  expect(await budgets("remove", first)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(first),
  });
}, 60_000);

it.each([
  [["set", "much"], 2, '"2.50 CNY/day"'],
  [["set", "1 USD/week"], 2, '"2.50 CNY/day"'],
  [["set", "1", "--scope=moon"], 2, "server, key, owner"],
  [["set", "1", "--subject=ann"], 1, "subject"],
])("say what is wrong with %j", async (args, code, word) => {
  const result = await budgets(...args);
  expect(result).toMatchObject({ code, stderr: expect.stringContaining(word) });
});
