import { readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newThread, startRun } from "../support/calls.ts";
import { type SpawnedServer, spawnServer } from "../support/spawn-server.ts";
import { parseEvents, readEvents, type SseEvent } from "../support/sse.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";
import { isLong } from "./chance.ts";
import { checkInvariants } from "./invariants.ts";

const EVENTS = isLong ? 9000 : 6000;
const BYTES = 2500;
const SLOW = 16;
const LARGE_EVENTS = 50;
const LARGE_BYTES = 300_000;

let server: SpawnedServer;
beforeEach(async () => {
  server = await spawnServer({
    langgraph: TEST_GRAPHS,
    flags: ["--preload", "--heartbeat-seconds=0.5"],
  });
});
afterEach(() => server[Symbol.asyncDispose]());

const memory = (): number => {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"));
  return Number(kilobytes?.[1]) * 1024;
};

/** Opens a stream and reads nothing of it. */
const openAndIdle = (path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get(`${server.url}${path}`, resolve).on("error", reject));

/** The events a client gets until its connection is dropped; fails when the stream ends by itself. */
async function untilDropped(response: IncomingMessage): Promise<SseEvent[]> {
  let got = "";
  const reading = (async () => {
    for await (const part of response.setEncoding("utf8")) got += String(part);
  })();
  await expect(reading).rejects.toThrow("aborted");
  return parseEvents(got);
}

async function flood(count: number, bytes = BYTES) {
  const thread = await newThread(server.api);
  const input = { count, bytes };
  const run = await startRun(server.api, thread, { assistant_id: "flood", input });
  const path = `/threads/${thread}/runs/${run.run_id}/stream?stream_mode=custom`;
  return { thread, run_id: run.run_id, path };
}

describe.skipIf(process.platform !== "linux")(
  "clients that do not read what they asked for",
  () => {
    it("hold neither memory nor the run nor other readers up, are cut off, and go on by id", async () => {
      await readEvents(await server.api.get((await flood(EVENTS / 2)).path));
      const before = memory();

      const run = await flood(EVENTS);
      const idle = await Promise.all(Array.from({ length: SLOW }, () => openAndIdle(run.path)));
      const events = await readEvents(await server.api.get(run.path));
      expect(events.filter(({ event }) => event === "custom")).toHaveLength(EVENTS);
      // What they did not read would be more than all of this.
      expect(memory() - before).toBeLessThan((SLOW * EVENTS * BYTES) / 2);

      await server.logged("cuts off a client", SLOW);
      const [slow, ...others] = idle;
      if (!slow) throw new Error("there is no slow reader");
      const seen = await untilDropped(slow);
      const headers = { "last-event-id": seen.at(-1)?.id ?? "0" };
      const rest = await readEvents(await server.api.get(run.path, headers));
      await checkInvariants({
        api: server.api,
        runs: [run],
        seen: { events: [...seen, ...rest], modes: "custom" },
      });
      for (const one of others) one.destroy();
    });

    it("hold little memory of large events too", async () => {
      const { path } = await flood(LARGE_EVENTS, LARGE_BYTES);
      const events = await readEvents(await server.api.get(path));
      expect(events.filter(({ event }) => event === "custom")).toHaveLength(LARGE_EVENTS);
      const before = memory();
      const idle = await Promise.all(Array.from({ length: SLOW }, () => openAndIdle(path)));
      expect(await readEvents(await server.api.get(path))).toEqual(events);
      expect(memory() - before).toBeLessThan((SLOW * LARGE_EVENTS * LARGE_BYTES) / 2);
      for (const one of idle) one.destroy();
    });
  },
);
