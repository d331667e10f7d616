import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newThread, okJson, runOf, startRun } from "../support/calls.ts";
import { type SpawnedServer, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { SseReader } from "../support/sse.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";

let server: SpawnedServer;
let folder: ReturnType<typeof tempFolder>;
beforeEach(async () => {
  folder = tempFolder();
  server = await spawnServer({
    langgraph: TEST_GRAPHS,
    flags: ["--preload", "--drain-seconds=1", "--workers=2"],
  });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function chain(name: string, pause_ms: number) {
  const thread = await newThread(server.api);
  const configurable = { ledger: join(folder.path, name), pause_ms };
  const run = await startRun(server.api, thread, {
    assistant_id: "chain",
    input: { steps: [] },
    config: { configurable },
  });
  const path = `/threads/${thread}/runs/${run.run_id}`;
  return { thread, run_id: run.run_id, path };
}

describe("a server that is asked to stop", () => {
  it("lets short runs end, hands long ones back, begins no more, and ends with 0", async () => {
    const short = await chain("short", 20);
    const long = await chain("long", 400);
    const waiting = await chain("waiting", 1);
    const reader = new SseReader(await server.api.get(`${long.path}/stream?stream_mode=tasks`));
    await reader.until(({ event }) => event === "tasks");
    const began = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - began).toBeLessThan(3000);

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
  });
});
