import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { newThread, okJson, runOf, startRun } from "../support/calls.ts";
import { describeWithPostgres, type FreshDatabase, freshDatabase } from "../support/postgres.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { type SseEvent, SseReader } from "../support/sse.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

const NODES = Array.from({ length: 10 }, (_, index) => index + 1);
const LEASE_SECONDS = 1;

describeWithPostgres("two processes on one Postgres", () => {
  let database: FreshDatabase;
  let folder: ReturnType<typeof tempFolder>;
  let servers: SpawnedServer[];
  beforeEach(async () => {
    folder = tempFolder();
    database = await freshDatabase();
    servers = [];
  });
  afterEach(async () => {
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    await database[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function another(...flags: string[]): Promise<SpawnedServer> {
    const server = await spawnServer({
      langgraph: TEST_GRAPHS,
      flags: ["--preload", `--lease-seconds=${LEASE_SECONDS}`, ...flags],
      env: { DATABASE_URL: database.url },
    });
    servers.push(server);
    return server;
  }

  async function begin(server: SpawnedServer, pause_ms: number) {
    const ledger = join(folder.path, "ledger");
    const thread = await newThread(server.api);
    const run = await startRun(server.api, thread, {
      assistant_id: "chain",
      input: { steps: [] },
      config: { configurable: { ledger, pause_ms } },
      stream_mode: ["updates"],
    });
    return { thread, run_id: run.run_id, path: `/threads/${thread}/runs/${run.run_id}`, ledger };
  }

  it("goes on in the other when one is killed, and a follower there misses nothing", async () => {
    const first = await another();
    const run = await begin(first, 100);
    const second = await another();
    const reader = new SseReader(await second.api.get(`${run.path}/stream`));
    const events: SseEvent[] = await reader.until(({ event }) => event === "updates");
    await first.kill();
    const killedAt = performance.now();
    events.push(...(await reader.rest()));
    expect(performance.now() - killedAt).toBeLessThan((LEASE_SECONDS + 6) * 1000);

    expect(second.log).toContain("took back a run whose worker is gone");
    const ids = events.map(({ id }) => Number(id));
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
    expect(events.at(-1)).toMatchObject({ event: "end", data: { status: "success" } });
    const state = await okJson(second.api.get(`/threads/${run.thread}/state`));
    expect(state.values.steps).toEqual(NODES);
    const ledger = readFileSync(run.ledger, "utf8").trim().split("\n");
    expect(ledger.length).toBeLessThanOrEqual(NODES.length + 1);
  });

  it("cancels a run from the process that does not execute it", async () => {
    const first = await another();
    const run = await begin(first, 5000);
    const second = await another();
    const reader = new SseReader(await second.api.get(`${run.path}/stream?stream_mode=tasks`));
    await reader.until(({ event }) => event === "tasks");
    const askedAt = performance.now();
    expect((await second.api.post(`${run.path}/cancel?wait=1`)).status).toBe(204);
    expect(performance.now() - askedAt).toBeLessThan(2000);
    expect(await runOf(first.api, run.thread, run.run_id)).toMatchObject({ status: "interrupted" });
  });

  it("loses nothing when a stopped process wakes up after its lease has ended", async () => {
    const first = await another();
    const run = await begin(first, 150);
    const second = await another();
    const reader = new SseReader(await second.api.get(`${run.path}/stream`));
    await reader.until(({ event }) => event === "updates");
    first.signal("SIGSTOP");
    const rest = await reader.rest();
    first.signal("SIGCONT");
    expect(rest.at(-1)).toMatchObject({ event: "end", data: { status: "success" } });
    const state = await okJson(first.api.get(`/threads/${run.thread}/state`));
    expect(state.values.steps).toEqual(NODES);
    expect(await runOf(first.api, run.thread, run.run_id)).toMatchObject({ status: "success" });
  });

  it("keeps the order of each thread while both claim", async () => {
    const [first, second] = await Promise.all([another(), another()]);
    const threads = await Promise.all(Array.from({ length: 5 }, () => newThread(first.api)));
    const configurable = { ledger: join(folder.path, "ledger"), pause_ms: 0 };
    for (let turn = 0; turn < 6; turn++)
      await Promise.all(
        threads.map((thread, index) =>
          startRun((turn + index) % 2 ? first.api : second.api, thread, {
            assistant_id: "echo",
            input: { messages: [{ role: "user", content: `turn ${turn}` }] },
            config: { configurable },
          }),
        ),
      );
    for (const thread of threads) {
      const runs = await okJson(first.api.get(`/threads/${thread}/runs`));
      for (const run of runs)
        await (await second.api.get(`/threads/${thread}/runs/${run.run_id}/join`)).text();
      const { values } = await okJson(first.api.get(`/threads/${thread}/state`));
      const said = values.messages
        .filter(({ type }: { type: string }) => type === "human")
        .map(({ content }: { content: string }) => content);
      expect(said).toEqual(Array.from({ length: 6 }, (_, turn) => `turn ${turn}`));
    }
  });
});
