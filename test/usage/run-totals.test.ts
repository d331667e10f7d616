import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { expect, it, vi } from "vitest";
import { human, newThread, okJson, runWait, threadOf } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { describeWithPostgres, freshDatabase } from "../support/postgres.ts";
import { project } from "../support/project.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { readEvents } from "../support/sse.ts";
import { REPOSITORY, testServer, type TestServer } from "../support/test-server.ts";

/** What the one call of a run comes to: 11 tokens of prompt, 7 of answer. */
const USED = { calls: 1, prompt_tokens: 11, completion_tokens: 7, cost_micros: { CNY: 92 } };
/** Runs that begin and end while the ledger waits: those held up would have ended long before. */
const LATER_RUNS = 5;

const GRAPHS = {
  chat: `${REPOSITORY}/graphs/chat.ts:graph`,
  echo: `${REPOSITORY}/test/support/graphs/echo.ts:graph`,
};

/** A server on a database of its own, both gone at the end. */
async function paidServer() {
  const parts = new AsyncDisposableStack();
  const provider = parts.use(await fake.fakeProvider(fake.text("hello")));
  const database = parts.use(await freshDatabase());
  const { langgraph } = parts.use(project({ graphs: GRAPHS }));
  const models = parts.use(tempFolder()).path;
  const price = { pay_in: 2, pay_out: 10, currency: "CNY" };
  const model = { model: "fake", url: provider.url, api_key: "k", ...price };
  writeFileSync(join(models, "paid.json"), JSON.stringify(model));
  const settings = { database_url: database.url, models_dir: models, default_model: "paid" };
  const server = parts.use(await testServer({ langgraph, settings }));
  return { server, database, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** A ledger that takes no row until it is let go, and tells when rows wait for it. */
async function holdLedger(url: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query("begin");
  await client.query("lock table model_call in exclusive mode");
  const waiting = `select 1 from pg_locks
    where relation = 'model_call'::regclass and not granted`;
  return {
    reached: () =>
      vi.waitUntil(async () => (await client.query(waiting)).rows.length > 0, { timeout: 20_000 }),
    letGo: () => client.query("commit"),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

const HI = { assistant_id: "chat", input: human("hi"), context: { tools: [] } };

/** How a client learns that its run has ended. */
const ENDS = {
  "the reply of runs/wait": (server: TestServer, thread: string) => runWait(server, thread, HI),
  "the end of a stream": async (server: TestServer, thread: string) =>
    readEvents(await server.post(`/threads/${thread}/runs/stream`, HI)),
};

describeWithPostgres("a ledger that is slow", () => {
  it.each(Object.entries(ENDS))("is waited for before %s", async (_, ask) => {
    await using setup = await paidServer();
    const { server, database } = setup;
    await using ledger = await holdLedger(database.url);
    const threads = await Promise.all([1, 2, 3].map(() => newThread(server)));

    const told: string[] = [];
    const ends = threads.map(async (thread) => {
      await ask(server, thread);
      told.push(thread);
      const [run] = await okJson(server.get(`/threads/${thread}/runs`));
      return { run, thread: await threadOf(server, thread) };
    });
    await ledger.reached();
    for (let n = 0; n < LATER_RUNS; n += 1)
      await runWait(server, await newThread(server), { ...HI, assistant_id: "echo" });
    expect(told).toEqual([]);

    await ledger.letGo();
    for (const { run, thread } of await Promise.all(ends)) {
      expect(run).toMatchObject({ status: "success", usage: USED });
      expect(thread).toMatchObject({ status: "idle", usage: USED });
    }
    const { totals } = await okJson(server.get("/usage"));
    expect(totals).toMatchObject([{ calls: 3, cost_micros: 3 * 92 }]);
  });
});
