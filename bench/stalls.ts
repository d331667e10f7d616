import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import { kagariRound } from "./scenarios.ts";
import { Client } from "./sse-client.ts";

const HOOK = fileURLToPath(new URL("loop-watch.ts", import.meta.url));
const LOOK_MS = 20;
const LOADS = [
  { graph: "chat", concurrency: 16 },
  { graph: "echo", concurrency: 16 },
] as const;

const Figures = z.object({
  p99Ms: z.number(),
  p999Ms: z.number(),
  maxMs: z.number(),
  cpuP99Ms: z.number(),
  cpuMaxMs: z.number(),
});

/** How long the event loop of a busy server stands still at worst, what else the machine does included. */
export async function stalls({ children, places, upstream, isQuick }: Bench): Promise<Table> {
  const rows: string[][] = [];
  for (const load of LOADS) {
    const place = places.make(upstream);
    const file = join(place.folder, "stalls.json");
    const server = await children.kagari(place, {
      nodeArgs: ["--import", HOOK],
      env: { LOOP_WATCH_FILE: file },
    });
    const client = new Client(server.url);
    const side = { client, pid: server.pid };
    await kagariRound(side, { ...load, runs: 500 });
    process.kill(server.pid, "SIGUSR2");
    await kagariRound(side, { ...load, runs: isQuick ? 500 : 2000 });
    process.kill(server.pid, "SIGUSR2");
    while (!existsSync(file)) await pause(LOOK_MS);
    await pause(LOOK_MS);
    const figures = Figures.parse(JSON.parse(readFileSync(file, "utf8")));
    const { p99Ms, p999Ms, maxMs, cpuP99Ms, cpuMaxMs } = figures;
    rows.push([
      `${load.graph}, ${load.concurrency} at once`,
      ...[p99Ms, p999Ms, maxMs, cpuP99Ms, cpuMaxMs].map((ms) => fixed(ms)),
    ]);
    client.close();
    await server.stop();
  }
  return {
    title: "Delay of the event loop in ms (aim: none longer than 20)",
    head: ["", "p99", "p99.9", "longest", "processor time of a turn, p99", "longest"],
    rows,
  };
}
