import { existsSync, readFileSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import { median } from "./measure.ts";
import { findPostgres, startPostgres } from "../test/support/postgres-server.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../test/support/spawn-server.ts";
import { TEST_GRAPHS } from "../test/support/test-server.ts";

const PAUSE_MS = 300;

type Folder = ReturnType<typeof tempFolder>;

async function body(answer: Promise<Response>): Promise<{ thread_id: string }> {
  // A thread and a run both name their thread.
  return (await (await answer).json()) as { thread_id: string };
}

const linesIn = (path: string): number =>
  existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;

/** Resolves once a ledger has more lines than so many. */
async function moreThan(path: string, count: number): Promise<void> {
  while (linesIn(path) <= count) {
    const stop = new AbortController();
    const changed = new Promise<void>((resolve) => {
      const watcher = watch(dirname(path), { signal: stop.signal }, () => resolve());
      watcher.on("error", () => resolve());
    });
    if (linesIn(path) <= count) await Promise.race([changed, pause(100)]);
    stop.abort();
  }
}

/** Starts a run of ten nodes and waits for it to be in the middle of one. */
async function begin(server: SpawnedServer, ledger: string): Promise<void> {
  const { thread_id } = await body(server.api.post("/threads", {}));
  const configurable = { ledger, pause_ms: PAUSE_MS };
  const run = { assistant_id: "chain", input: { steps: [] }, config: { configurable } };
  await body(server.api.post(`/threads/${thread_id}/runs`, run));
  await moreThan(ledger, 1);
}

/** Kills the server of a run; answers how long it takes until a node of the run begins again. */
async function stillFor(
  server: SpawnedServer,
  ledger: string,
  then: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  await server.kill();
  const killedAt = performance.now();
  const before = linesIn(ledger);
  await then();
  await moreThan(ledger, before);
  return performance.now() - killedAt;
}

async function onSqlite(rounds: number, folder: Folder): Promise<number[]> {
  const times: number[] = [];
  await using server = await spawnServer({ langgraph: TEST_GRAPHS });
  for (let round = 0; round < rounds; round++) {
    const ledger = join(folder.path, `sqlite-${round}`);
    await begin(server, ledger);
    times.push(await stillFor(server, ledger, () => server.start()));
  }
  return times;
}

async function onPostgres(rounds: number, folder: Folder): Promise<number[]> {
  const binaries = findPostgres(process.env["PATH"] ?? "");
  if (binaries === undefined) return [];
  const postgres = await startPostgres(binaries);
  const times: number[] = [];
  try {
    const env = { DATABASE_URL: postgres.url };
    for (let round = 0; round < rounds; round++) {
      await using first = await spawnServer({ langgraph: TEST_GRAPHS, env });
      const ledger = join(folder.path, `postgres-${round}`);
      await begin(first, ledger);
      await using _second = await spawnServer({
        langgraph: TEST_GRAPHS,
        flags: ["--preload"],
        env,
      });
      times.push(await stillFor(first, ledger));
    }
  } finally {
    await postgres.stop();
  }
  return times;
}

const row = (what: string, times: readonly number[]): string[] => [
  what,
  fixed(median(times) / 1000, 2),
  fixed(Math.max(...times) / 1000, 2),
];

/** How long a run stands still when its server is killed, with the default lease. */
export async function takeover({ isQuick }: Bench): Promise<Table> {
  const rounds = isQuick ? 3 : 8;
  using folder = tempFolder();
  return {
    title: `From the kill of a server to the next node of its run, s (${rounds} times)`,
    head: ["", "p50", "longest"],
    rows: [
      row("SQLite, the server is started again", await onSqlite(rounds, folder)),
      row("Postgres, another server takes it over", await onPostgres(rounds, folder)),
    ],
  };
}
