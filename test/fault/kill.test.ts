import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newThread, okJson, startRun } from "../support/calls.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { readWhatComes, SseReader } from "../support/sse.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";
import { isLong, numbered, random, roundsOf } from "./chance.ts";
import { checkInvariants } from "./invariants.ts";

/** Kills of one test run: a short slice by default, more with `npm run test:fault`. */
const ROUNDS = roundsOf(1);
const PAUSE_MS = 15;
/** After it listens, a server goes on at once with what its predecessor left. */
const RESUME_MS = isLong ? 3000 : 10_000;
const NODES = numbered(10);

let server: SpawnedServer;
let folder: ReturnType<typeof tempFolder>;
beforeEach(async () => {
  folder = tempFolder();
  server = await spawnServer({ langgraph: TEST_GRAPHS, flags: ["--preload"] });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const ledgerOf = (path: string): number[] =>
  readFileSync(path, "utf8").trim().split("\n").map(Number);

describe("a server that is killed in the middle of a run", () => {
  it.each(numbered(ROUNDS))(
    "goes on where it was, repeats at most one node and tells each event once (round %i)",
    async (round) => {
      const next = random(round);
      const ledger = join(folder.path, `ledger-${round}`);
      const thread = await newThread(server.api);
      const run = await startRun(server.api, thread, {
        assistant_id: "chain",
        input: { steps: [] },
        config: { configurable: { ledger, pause_ms: PAUSE_MS } },
        stream_mode: ["updates", "values"],
      });
      const path = `/threads/${thread}/runs/${run.run_id}`;
      const before = readWhatComes(await server.api.get(`${path}/stream`));
      await wait(next() * PAUSE_MS * 12);
      await server.kill();
      const seen = await before;
      await server.start();
      const listensAt = performance.now();
      const headers = { "last-event-id": seen.at(-1)?.id ?? "0" };
      const stream = await server.api.request(`${path}/stream`, { headers });
      const reader = new SseReader(stream);
      const first = seen.at(-1)?.event === "end" ? undefined : await reader.next();
      expect(performance.now() - listensAt).toBeLessThan(RESUME_MS);
      const after = [...(first ? [first] : []), ...(await reader.rest())];

      const statuses = await checkInvariants({
        api: server.api,
        runs: [{ thread, run_id: run.run_id }],
        seen: { events: [...seen, ...after], modes: "updates&stream_mode=values" },
        values: { steps: NODES },
        ledger: { lines: ledgerOf(ledger).map(String), crashes: 1 },
      });
      expect(statuses).toEqual(["success"]);
      expect([...new Set(ledgerOf(ledger))]).toEqual(NODES);
    },
  );

  it("runs a run that was accepted but not begun", async () => {
    const ledger = join(folder.path, "ledger");
    const thread = await newThread(server.api);
    const configurable = { ledger, pause_ms: 1 };
    const runs = await Promise.all(
      Array.from({ length: 4 }, () =>
        startRun(server.api, thread, {
          assistant_id: "chain",
          input: { steps: [] },
          config: { configurable },
        }),
      ),
    );
    await server.kill();
    await server.start();
    for (const { run_id } of runs) {
      await (await server.api.get(`/threads/${thread}/runs/${run_id}/join`)).text();
      const run = await okJson(server.api.get(`/threads/${thread}/runs/${run_id}`));
      expect(run.status).toBe("success");
    }
    const state = await okJson(server.api.get(`/threads/${thread}/state`));
    expect(state.values.steps).toEqual([...NODES, ...NODES, ...NODES, ...NODES]);
  });

  // Its short form, within one process, is a test of the worker.
  it.runIf(isLong)("gives up on a run that kills its server time after time", async () => {
    const ledger = join(folder.path, "ledger");
    const thread = await newThread(server.api);
    const run = await startRun(server.api, thread, {
      assistant_id: "chain",
      input: { steps: [] },
      config: { configurable: { ledger, pause_ms: 60_000 } },
    });
    const path = `/threads/${thread}/runs/${run.run_id}`;
    for (let kills = 1; kills <= 3; kills++) {
      const reader = new SseReader(await server.api.get(`${path}/stream?stream_mode=tasks`));
      await reader.until(({ event, data }) => event === "tasks" && data.name === "n1");
      await server.kill();
      await server.start();
    }
    const events = await readWhatComes(await server.api.get(`${path}/stream`));
    expect(events.at(-1)).toMatchObject({ event: "end", data: { status: "error" } });
    expect(await okJson(server.api.get(path))).toMatchObject({
      status: "error",
      error: { error: "PoisonedRun" },
    });
  });
});
