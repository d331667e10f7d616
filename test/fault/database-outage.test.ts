import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Loose, newThread, okJson, startRun } from "../support/calls.ts";
import { describeWithPostgres, freshDatabase, onPostgres } from "../support/postgres.ts";
import { findPostgres, startPostgres } from "../support/postgres-server.ts";
import { spawnServer, tempFolder } from "../support/spawn-server.ts";
import { type Api, TEST_GRAPHS, testServer } from "../support/test-server.ts";
import { isLong, numbered, roundsOf } from "./chance.ts";
import { type Accepted, checkInvariants } from "./invariants.ts";

const NODES = numbered(10);
const linesOf = (path: string) => readFileSync(path, "utf8").trim().split("\n");

const startChain = async (api: Api, ledger: string, pause_ms: number): Promise<Accepted> => {
  const thread = await newThread(api);
  const configurable = { ledger, pause_ms };
  const body = { assistant_id: "chain", input: { steps: [] }, config: { configurable } };
  return { thread, run_id: (await startRun(api, thread, body)).run_id };
};

const END_ALL = `select pg_terminate_backend(pid) from pg_stat_activity
  where datname = current_database() and pid <> pg_backend_pid()`;

describeWithPostgres("a database that cuts all its connections", () => {
  it("loses no run, and no run ends for it", async () => {
    await using database = await freshDatabase();
    using folder = tempFolder();
    const settings = { database_url: database.url, lease_seconds: 2, database_connections: 4 };
    await using first = await testServer({ settings });
    await using second = await testServer({ settings });
    const cuts = Math.min(roundsOf(2), 6);
    const ledger = (index: number) => join(folder.path, `${index}`);
    const runs = await Promise.all(
      numbered(8).map((index) => startChain(index % 2 ? first : second, ledger(index), 100)),
    );
    for (let cut = 1; cut <= cuts; cut++) {
      const before = () => numbered(8).filter((index) => hasLines(ledger(index), cut)).length;
      while (before() < 6) await new Promise(setImmediate);
      await onPostgres(database.url, END_ALL);
    }
    const values = { steps: NODES };
    const statuses = await untilReachable(() => checkInvariants({ api: second, runs, values }));
    expect(new Set(statuses)).toEqual(new Set(["success"]));
    for (const index of numbered(8))
      expect(linesOf(ledger(index)).length).toBeLessThanOrEqual(NODES.length + cuts);
    for (const { run_id } of runs)
      expect(await first.ctx.storage.runs.find(run_id)).toMatchObject({ crashes: 0 });
  });
});

const hasLines = (path: string, count: number): boolean => {
  try {
    return linesOf(path).length >= count;
  } catch {
    return false;
  }
};

/** Tries again what fails because a connection was cut in the middle of it. */
async function untilReachable<T>(check: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await check();
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
}

/** Its own Postgres stops and starts, which takes longer than a short run has. */
function describeCrash(binaries: string): void {
  it("loses no acknowledged run, answers 503 meanwhile, and works again within 15 s", async () => {
    const flags = ["listen_addresses=127.0.0.1", "fsync=off"].flatMap((flag) => ["-c", flag]);
    const postgres = await startPostgres(binaries, flags);
    using folder = tempFolder();
    const start = () =>
      spawnServer({
        langgraph: TEST_GRAPHS,
        flags: ["--preload", "--lease-seconds=2"],
        env: { DATABASE_URL: postgres.url },
      });
    try {
      await using first = await start();
      await using second = await start();
      const accepted: Accepted[] = [];
      const refused: number[] = [];
      const enough = new AbortController();
      const load = async (api: Api, name: string) => {
        while (!enough.signal.aborted) {
          const thread = await api.post("/threads", {}).catch(() => undefined);
          const ledger = join(folder.path, name);
          const body = {
            assistant_id: "chain",
            input: { steps: [] },
            config: { configurable: { ledger, pause_ms: 20 } },
          };
          if (thread?.status !== 200) refused.push(thread?.status ?? 0);
          else {
            const { thread_id } = await okJson(thread);
            const answer = await api.post(`/threads/${thread_id}/runs`, body);
            if (answer.status !== 200) refused.push(answer.status);
            else
              accepted.push({ thread: thread_id, run_id: ((await answer.json()) as Loose).run_id });
          }
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      const loads = [load(first.api, "a"), load(second.api, "b")];
      while (accepted.length < 20) await new Promise(setImmediate);
      await postgres.crash();
      while (refused.filter((status) => status === 503).length < 4) await new Promise(setImmediate);
      await postgres.resume();
      const upAt = performance.now();
      const fresh = await whenTaken(() => startChain(first.api, join(folder.path, "c"), 1));
      await okJson(second.api.get(`/threads/${fresh.thread}/runs/${fresh.run_id}/join`));
      expect(performance.now() - upAt).toBeLessThan(15_000);
      enough.abort();
      await Promise.all(loads);
      expect(new Set(refused)).toEqual(new Set([503]));
      const runs = [...accepted, fresh];
      const statuses = await checkInvariants({ api: second.api, runs, values: { steps: NODES } });
      expect(new Set(statuses)).toEqual(new Set(["success"]));
    } finally {
      await postgres.stop();
    }
  }, 120_000);
}

async function whenTaken<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const binaries = isLong ? findPostgres(process.env["PATH"] ?? "") : undefined;
if (binaries !== undefined)
  describeWithPostgres("a database that crashes and comes back", () => {
    describeCrash(binaries);
  });
