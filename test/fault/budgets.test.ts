import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { human, type Loose, okJson } from "../support/calls.ts";
import { delta, type FakeProvider, fakeProvider, stream, text } from "../support/fake-provider.ts";
import { describeWithPostgres, freshDatabase, onPostgres } from "../support/postgres.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import type { Api } from "../support/test-server.ts";

const LONG_MS = 90_000;
/** 11 tokens at 1 and 7 at 10; a call may cost a little over 1000. */
const COST = 81;
const LIMIT = 2500;

let folder: ReturnType<typeof tempFolder>;
let provider: FakeProvider;
beforeEach(async () => {
  folder = tempFolder();
  provider = await fakeProvider((response, request) => {
    const isHung = request.body["model"] === "hung";
    const answer = isHung
      ? stream([delta({ role: "assistant", content: "Hel" })], { isOpen: true })
      : text("hello");
    answer(response, request);
  });
  const price = { pay_in: 1, pay_out: 10, out_tokens: 100, currency: "CNY" };
  const file = { url: provider.url, api_key: "test-key", retries: 0, ...price };
  const write = (id: string, fields: object) =>
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify(fields));
  write("demo", { model: "kagari-demo", server_type: "demo" });
  write("it", { model: "m", ...file });
  write("hung", { model: "hung", ...file });
});
afterEach(async () => {
  await provider[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const start = (database?: { url: string }): Promise<SpawnedServer> =>
  spawnServer({
    modelsDir: folder.path,
    flags: ["--workers=20"],
    env: database ? { DATABASE_URL: database.url } : {},
  });

const setBudget = async ({ api }: SpawnedServer, micros: number): Promise<string> => {
  const body = { scope: "server", currency: "CNY", amount: micros / 1e6 };
  return (await okJson(api.post("/budgets", body))).budget_id;
};

const spendOf = async ({ api }: SpawnedServer, id: string): Promise<Loose> =>
  (await okJson(api.get(`/budgets/${id}`))).spends[0];

/** Whether a run of a graph was paid for, or paused over its budget. */
async function runIsPaid(api: Api): Promise<boolean> {
  const context = { model: "it", tools: [] };
  const run = { assistant_id: "chat", input: human("hi"), context };
  const { __interrupt__: asked } = await okJson(api.post("/runs/wait", run));
  expect([undefined, "budget_exceeded"]).toContain(asked?.[0].value.type);
  return asked === undefined;
}

async function completionIsPaid(api: Api): Promise<boolean> {
  const messages = [{ role: "user", content: "hi" }];
  const answer = await api.post("/v1/chat/completions", { model: "it", messages });
  const { error }: Loose = await answer.json();
  expect([200, 429], JSON.stringify(error)).toContain(answer.status);
  expect(error?.code).toBe(answer.status === 200 ? undefined : "insufficient_quota");
  return answer.status === 200;
}

/** A call at one of the doors; answers whether it was paid for. */
const call = (api: Api, index: number): Promise<boolean> =>
  index % 3 === 0 ? runIsPaid(api) : completionIsPaid(api);

/** Many calls at once, over and over until nothing is left; answers how many were paid for. */
async function rush(servers: readonly SpawnedServer[]): Promise<number> {
  let paid = 0;
  for (let round = 0; round < 20; round++) {
    const made = await Promise.all(
      Array.from({ length: 16 }, async (_, index) => {
        const server = servers[index % servers.length];
        return server !== undefined && (await call(server.api, index));
      }),
    );
    const count = made.filter(Boolean).length;
    if (count === 0) return paid;
    paid += count;
  }
  return paid;
}

async function expectWholeSpend(servers: readonly SpawnedServer[]): Promise<void> {
  const [first] = servers;
  if (!first) throw new Error("there is no server");
  const id = await setBudget(first, LIMIT);
  const paid = await rush(servers);
  const spent_micros = paid * COST;
  await expect.poll(() => spendOf(first, id)).toMatchObject({ spent_micros, held_micros: 0 });
  expect(spent_micros).toBeLessThanOrEqual(LIMIT + servers.length * COST);
  // What is left is too little for one more.
  expect(LIMIT - spent_micros).toBeLessThan(1200);
  const { totals } = await okJson(first.api.get("/usage?group_by=model"));
  const told = totals.find(({ currency }: Loose) => currency === "CNY");
  expect(told).toMatchObject({ cost_micros: paid * COST });
  expect(provider.requests).toHaveLength(paid);
}

/** A call that its process dies in; resolves once the provider has it. */
async function hang(server: SpawnedServer): Promise<void> {
  const messages = [{ role: "user", content: "hi" }];
  const asked = server.api.post("/v1/chat/completions", { model: "hung", messages });
  void asked.catch(() => undefined);
  await expect.poll(() => provider.requests.length, { timeout: 20_000 }).toBeGreaterThan(0);
}

describe("a server on SQLite", () => {
  it(
    "overspends nothing with many calls at once",
    async () => {
      await using server = await start();
      await expectWholeSpend([server]);
    },
    LONG_MS,
  );

  it(
    "holds nothing after it was killed in a call",
    async () => {
      await using server = await start();
      const id = await setBudget(server, 1500);
      await hang(server);
      expect((await spendOf(server, id)).held_micros).toBeGreaterThan(1000);
      expect(await call(server.api, 1)).toBe(false);
      await server.kill();
      await server.start();
      expect((await spendOf(server, id)).held_micros).toBe(0);
      expect(await call(server.api, 1)).toBe(true);
    },
    LONG_MS,
  );
});

describeWithPostgres("two processes", () => {
  it(
    "overspend nothing with many calls at once",
    async () => {
      await using database = await freshDatabase();
      await using first = await start(database);
      await using second = await start(database);
      await expectWholeSpend([first, second]);
    },
    LONG_MS,
  );

  it(
    "are free of what one of them held when it was killed, a minute later",
    async () => {
      await using database = await freshDatabase();
      await using first = await start(database);
      await using second = await start(database);
      const id = await setBudget(first, 1500);
      await hang(first);
      await first.kill();
      expect(await call(second.api, 1)).toBe(false);
      expect((await spendOf(second, id)).held_micros).toBeGreaterThan(1000);
      await onPostgres(database.url, "update budget_hold set expires_at = expires_at - 60000");
      expect(await call(second.api, 1)).toBe(true);
      await expect
        .poll(() => spendOf(second, id))
        .toMatchObject({ spent_micros: COST, held_micros: 0 });
    },
    LONG_MS,
  );
});
