// node bench/takeover.ts [rounds]
// How long a run stands still when its server is killed: on SQLite until the next process goes on with it,
// on Postgres until another server has taken it over, with the default lease.
import { existsSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findPostgres, startPostgres } from "../test/support/postgres-server.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../test/support/spawn-server.ts";
import { TEST_GRAPHS } from "../test/support/test-server.ts";

const PAUSE_MS = 300;
const rounds = Number(process.argv[2] ?? 10);
const folder = tempFolder();

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
      const watcher = watch(folder.path, { signal: stop.signal }, () => resolve());
      watcher.on("error", () => resolve());
    });
    if (linesIn(path) <= count) await Promise.race([changed, pause(100)]);
    stop.abort();
  }
}

/** Starts a run of ten nodes and waits for it to be in the middle of one. */
async function begin(server: SpawnedServer, name: string): Promise<string> {
  const ledger = join(folder.path, name);
  const { thread_id } = await body(server.api.post("/threads", {}));
  const configurable = { ledger, pause_ms: PAUSE_MS };
  const run = { assistant_id: "chain", input: { steps: [] }, config: { configurable } };
  await body(server.api.post(`/threads/${thread_id}/runs`, run));
  await moreThan(ledger, 1);
  return ledger;
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

async function onSqlite(): Promise<number[]> {
  const times: number[] = [];
  await using server = await spawnServer({ langgraph: TEST_GRAPHS });
  for (let round = 0; round < rounds; round++) {
    const ledger = await begin(server, `sqlite-${round}`);
    times.push(await stillFor(server, ledger, () => server.start()));
  }
  return times;
}

async function onPostgres(binaries: string): Promise<number[]> {
  const postgres = await startPostgres(binaries);
  const times: number[] = [];
  try {
    const env = { DATABASE_URL: postgres.url };
    for (let round = 0; round < rounds; round++) {
      await using first = await spawnServer({ langgraph: TEST_GRAPHS, env });
      const ledger = await begin(first, `postgres-${round}`);
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

const seconds = (ms: number): string => (ms / 1000).toFixed(2).padStart(7);

function report(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  process.stdout.write(
    `${what.padEnd(44)}${seconds(at(0.5))} s p50${seconds(at(0.95))} s p95  (${times.length})\n`,
  );
}

report("SQLite, kill to next node after a restart", await onSqlite());
const binaries = findPostgres(process.env["PATH"] ?? "");
if (binaries !== undefined)
  report("Postgres, kill to next node in the survivor", await onPostgres(binaries));
folder[Symbol.dispose]();
