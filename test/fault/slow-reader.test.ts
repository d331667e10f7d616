import { readFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newThread, startRun } from "../support/calls.ts";
import { type SpawnedServer, spawnServer } from "../support/spawn-server.ts";
import { parseEvents, readEvents } from "../support/sse.ts";
import { TEST_GRAPHS } from "../support/test-server.ts";
import { isLong } from "./chance.ts";
import { checkInvariants } from "./invariants.ts";

const EVENTS = isLong ? 9000 : 6000;
const BYTES = 2500;
const SLOW = 16;
const MB = 1024 * 1024;

let server: SpawnedServer;
beforeEach(async () => {
  server = await spawnServer({ langgraph: TEST_GRAPHS, flags: ["--preload"] });
});
afterEach(() => server[Symbol.asyncDispose]());

const memory = (): number => {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"));
  return Number(kilobytes?.[1]) * 1024;
};

/** Opens a stream and reads nothing of it. */
const openAndIdle = (path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => get(`${server.url}${path}`, resolve).on("error", reject));

/** What a reader gets before the end, or before it is cut off. */
async function whatComes(response: IncomingMessage): Promise<string> {
  let got = "";
  try {
    for await (const part of response.setEncoding("utf8")) got += String(part);
  } catch {
    // It was cut off as too slow.
  }
  return got;
}

async function flood() {
  const thread = await newThread(server.api);
  const input = { count: EVENTS, bytes: BYTES };
  const run = await startRun(server.api, thread, { assistant_id: "flood", input });
  const path = `/threads/${thread}/runs/${run.run_id}/stream?stream_mode=custom`;
  return { thread, run_id: run.run_id, path };
}

describe.skipIf(process.platform !== "linux")(
  "clients that do not read what they asked for",
  () => {
    it("hold neither memory nor the run nor other readers up, and can go on by id", async () => {
      const alone = await flood();
      const fromStart = performance.now();
      await readEvents(await server.api.get(alone.path));
      const aloneMs = performance.now() - fromStart;
      const before = memory();

      const run = await flood();
      const began = performance.now();
      const idle = await Promise.all(Array.from({ length: SLOW }, () => openAndIdle(run.path)));
      const events = await readEvents(await server.api.get(run.path));
      const tookMs = performance.now() - began;
      expect(events.filter(({ event }) => event === "custom")).toHaveLength(EVENTS);
      expect(tookMs).toBeLessThan(aloneMs * 3 + 2000);
      // What they did not read would be more than all of this.
      expect(memory() - before).toBeLessThan((SLOW * EVENTS * BYTES) / 2 + 60 * MB);

      const [slow] = idle;
      if (!slow) throw new Error("there is no slow reader");
      const seen = parseEvents(await whatComes(slow));
      const headers = { "last-event-id": seen.at(-1)?.id ?? "0" };
      const rest =
        seen.at(-1)?.event === "end"
          ? []
          : await readEvents(await server.api.get(run.path, headers));
      const all = [...seen, ...rest];
      await checkInvariants({
        api: server.api,
        runs: [run],
        seen: { events: all, modes: "custom" },
      });
      for (const one of idle) one.destroy();
    });
  },
);
