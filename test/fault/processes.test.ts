import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { human, newThread, okJson, runOf, startRun } from "../support/calls.ts";
import { describeWithPostgres, type FreshDatabase, freshDatabase } from "../support/postgres.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { readWhatComes, SseReader } from "../support/sse.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";
import { isLong, numbered, random, roundsOf } from "./chance.ts";
import { type Accepted, checkInvariants } from "./invariants.ts";

const NODES = numbered(10);
const LEASE_SECONDS = 1;
const PAUSE_MS = 40;
/** Two processes are started first, which a busy machine takes its time for. */
const LONG_MS = isLong ? 180_000 : 60_000;
/** Two hundred runs on ten threads in the long form. */
const [THREADS, TURNS] = isLong ? [10, 20] : [5, 5];

const linesOf = (path: string): string[] => readFileSync(path, "utf8").trim().split("\n");

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

  it.each(numbered(roundsOf(1)))(
    "goes on in the other when one is killed at a random moment, and its client there misses nothing (round %i)",
    async (round) => {
      const next = random(round);
      const [first, second] = await Promise.all([another(), another()]);
      const run = await begin(first, PAUSE_MS);
      const before = readWhatComes(await first.api.get(`${run.path}/stream`));
      await wait(next() * PAUSE_MS * 12);
      await first.kill();
      const killedAt = performance.now();
      const seen = await before;
      const headers = { "last-event-id": seen.at(-1)?.id ?? "0" };
      const after = await readWhatComes(
        await second.api.request(`${run.path}/stream`, { headers }),
      );
      expect(performance.now() - killedAt).toBeLessThan((LEASE_SECONDS + 6) * 1000);

      const statuses = await checkInvariants({
        api: second.api,
        runs: [run],
        seen: { events: [...seen, ...after], modes: "updates" },
        values: { steps: NODES },
        ledger: { lines: linesOf(run.ledger), crashes: 1 },
      });
      expect(statuses).toEqual(["success"]);
    },
  );

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

  it(
    "keeps the order of each thread while both claim",
    async () => {
      const [first, second] = await Promise.all([another(), another()]);
      const threads = await Promise.all(numbered(THREADS).map(() => newThread(first.api)));
      const runs: Accepted[] = [];
      for (let turn = 0; turn < TURNS; turn++)
        await Promise.all(
          threads.map(async (thread, index) => {
            const { api } = (turn + index) % 2 ? first : second;
            const input = human(`turn ${turn}`);
            const { run_id } = await startRun(api, thread, { assistant_id: "echo", input });
            runs.push({ thread, run_id });
          }),
        );
      const statuses = await checkInvariants({ api: second.api, runs });
      expect(statuses).toEqual(runs.map(() => "success"));
      for (const thread of threads) {
        const { values } = await okJson(first.api.get(`/threads/${thread}/state`));
        const said = values.messages
          .filter(({ type }: { type: string }) => type === "human")
          .map(({ content }: { content: string }) => content);
        expect(said).toEqual(Array.from({ length: TURNS }, (_, turn) => `turn ${turn}`));
      }
    },
    LONG_MS,
  );
});
