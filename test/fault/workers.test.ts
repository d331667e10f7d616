import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newThread, okJson, startRun } from "../support/calls.ts";
import {
  describeWithPostgres,
  type FreshDatabase,
  freshDatabase,
  onPostgres,
} from "../support/postgres.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { readWhatComes } from "../support/sse.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

const LONG_MS = 60_000;
const PLACES = 2;

describeWithPostgres("a server and its workers", () => {
  let database: FreshDatabase;
  let folder: ReturnType<typeof tempFolder>;
  let processes: SpawnedServer[];
  beforeEach(async () => {
    folder = tempFolder();
    database = await freshDatabase();
    processes = [];
  });
  afterEach(async () => {
    await Promise.all(processes.map((one) => one[Symbol.asyncDispose]()));
    await database[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function another(command: "start" | "worker", workers: number): Promise<SpawnedServer> {
    const one = await spawnServer({
      command,
      langgraph: TEST_GRAPHS,
      flags: [`--workers=${workers}`],
      env: { DATABASE_URL: database.url },
    });
    processes.push(one);
    return one;
  }

  /** Starts a run on a thread of its own. */
  async function begin({ api }: SpawnedServer, pause_ms: number): Promise<string> {
    const thread = await newThread(api);
    const configurable = { ledger: join(folder.path, "ledger"), pause_ms };
    const body = { assistant_id: "chain", input: { steps: [] }, config: { configurable } };
    const { run_id } = await startRun(api, thread, { ...body, stream_mode: ["updates"] });
    return `/threads/${thread}/runs/${run_id}`;
  }

  const count = (status: string) =>
    onPostgres(
      database.url,
      `select count(*)::int as runs from run where status = '${status}'
       group by owner order by owner`,
    );

  it(
    "a server without workers leaves its runs to others, and streams them",
    async () => {
      const server = await another("start", 0);
      const run = await begin(server, 1);
      const events = readWhatComes(await server.api.get(`${run}/stream`));
      expect(await count("pending")).toEqual([{ runs: 1 }]);
      await another("worker", PLACES);
      expect((await events).at(-1)).toMatchObject({ event: "end", data: { status: "success" } });
    },
    LONG_MS,
  );

  it(
    "each process takes as many runs as it has places for, and no more",
    async () => {
      const server = await another("start", 0);
      await Promise.all([another("worker", PLACES), another("worker", PLACES)]);
      const runs = await Promise.all([1, 2, 3, 4, 5, 6].map(() => begin(server, LONG_MS)));
      await vi.waitFor(
        async () => expect(await count("running")).toEqual([{ runs: PLACES }, { runs: PLACES }]),
        { timeout: LONG_MS },
      );
      expect(await count("pending")).toEqual([{ runs: runs.length - 2 * PLACES }]);
      for (const run of runs) await server.api.post(`${run}/cancel?wait=1`);
      for (const run of runs)
        expect(await okJson(server.api.get(run))).toMatchObject({ status: "interrupted" });
    },
    LONG_MS,
  );
});
