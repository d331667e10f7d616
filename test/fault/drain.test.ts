import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newThread, okJson, runOf, startRun } from "../support/calls.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { SseReader } from "../support/sse.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";
import { isLong } from "./chance.ts";
import { checkInvariants } from "./invariants.ts";

/** More often than a run may crash, in the long form. */
const STOPS = isLong ? 4 : 1;

let server: SpawnedServer;
let folder: ReturnType<typeof tempFolder>;
beforeEach(() => void (folder = tempFolder()));
afterEach(() => folder[Symbol.dispose]());

async function chain(name: string, pause_ms: number, on: SpawnedServer) {
  const thread = await newThread(on.api);
  const configurable = { ledger: join(folder.path, name), pause_ms };
  const run = await startRun(on.api, thread, {
    assistant_id: "chain",
    input: { steps: [] },
    config: { configurable },
  });
  const path = `/threads/${thread}/runs/${run.run_id}`;
  return { thread, run_id: run.run_id, path };
}

/** All that comes before the connection breaks. */
async function untilCut(response: Response): Promise<string> {
  let got = "";
  const reading = (async () => {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) got += part;
  })();
  await expect(reading).rejects.toThrow("terminated");
  return got;
}

const linesOf = (name: string): string[] =>
  readFileSync(join(folder.path, name), "utf8").trim().split("\n");

describe("a server that is asked to stop", () => {
  beforeEach(async () => {
    server = await spawnServer({
      langgraph: TEST_GRAPHS,
      flags: ["--preload", "--drain-seconds=1", "--workers=2"],
    });
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it("lets short runs end, hands long ones back, begins no more, and ends with 0", async () => {
    const short = await chain("short", 20, server);
    const long = await chain("long", 200, server);
    const waiting = await chain("waiting", 1, server);
    const reader = new SseReader(await server.api.get(`${long.path}/stream?stream_mode=tasks`));
    await reader.until(({ event }) => event === "tasks");
    const streamed = untilCut(await server.api.get(`${long.path}/stream`));
    const began = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(3000);
    // The stream is not over: its client is told to come back for the rest.
    expect(await streamed).toMatch(/\n\nretry: \d+\n\n$/);

    await server.start();
    expect(server.log).toContain("handed a running run back");
    expect(server.log).not.toContain("took over");
    const ended = await okJson(server.api.get(short.path));
    expect(ended.status).toBe("success");
    expect(["pending", "running", "success"]).toContain(
      (await runOf(server.api, waiting.thread, waiting.run_id)).status,
    );
    const values = await okJson(server.api.get(`${long.path}/join`));
    expect(values.steps).toHaveLength(10);
    await checkInvariants({
      api: server.api,
      runs: [short, long, waiting],
      // One node was cut off in the middle, for which no worker has died.
      ledger: { lines: linesOf("long"), crashes: 1 },
    });
  });

  it("is handed back to as often as it likes without an attempt being charged", async () => {
    const long = await chain("patient", 150 * STOPS, server);
    for (let stops = 0; stops < STOPS; stops++) {
      const reader = new SseReader(await server.api.get(`${long.path}/stream?stream_mode=tasks`));
      await reader.until(({ event }) => event === "tasks");
      server.signal("SIGTERM");
      expect(await server.ended()).toBe(0);
      await server.start();
    }
    expect(await checkInvariants({ api: server.api, runs: [long] })).toEqual(["success"]);
    expect(server.log).not.toContain("took over");
  });
});

describe("a server that is asked to stop twice", () => {
  it("ends at once at the second signal", async () => {
    await using stubborn = await spawnServer({
      langgraph: TEST_GRAPHS,
      flags: ["--preload", "--drain-seconds=60"],
    });
    const long = await chain("stubborn", 60_000, stubborn);
    const reader = new SseReader(await stubborn.api.get(`${long.path}/stream?stream_mode=tasks`));
    await reader.until(({ event }) => event === "tasks");
    stubborn.signal("SIGTERM");
    await stubborn.logged("draining");
    const exit = stubborn.ended();
    // A second one right after the first would be taken for the same key press, so it is sent until it counts.
    const again = setInterval(() => stubborn.signal("SIGTERM"), 100);
    const began = performance.now();
    expect(await exit).toBe(1);
    clearInterval(again);
    expect(performance.now() - began).toBeLessThan(3000);
  });
});
