import { setTimeout as pause } from "node:timers/promises";
import { createServer, type AddressInfo } from "node:net";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { ask, type Children, type Server } from "./children.ts";
import { streamRun, type GraphName } from "./kagari-runs.ts";
import { measureRound, median, middle, type Round } from "./measure.ts";
import { Client } from "./sse-client.ts";
import { folderBytes, processUse } from "./system.ts";
import type { Workplace } from "./workplace.ts";

export const RoundMessage = z.object({
  runs: z.number(),
  runsPerSecond: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
  ttftMs: z.number(),
  cpuMsPerRun: z.number(),
  delayP50Ms: z.number().optional(),
  delayP99Ms: z.number().optional(),
});

/** A load that is measured on Kagari and on raw LangGraph in turns. */
export interface Scenario {
  name: string;
  graph: GraphName;
  concurrency: number;
  runs: number;
}

export interface Compared {
  scenario: Scenario;
  kagari: Round;
  raw: Round;
}

/** Measures every scenario in every round, both sides right after each other. */
export async function compareRounds(
  sides: { kagari: Server; raw: ChildProcess },
  scenarios: readonly Scenario[],
  rounds: number,
): Promise<Compared[]> {
  const client = new Client(sides.kagari.url);
  const taken = scenarios.map((scenario) => ({
    scenario,
    kagari: [] as Round[],
    raw: [] as Round[],
  }));
  try {
    for (let round = 0; round < rounds; round++) {
      for (const { scenario, kagari, raw } of taken) {
        kagari.push(await kagariRound({ client, pid: sides.kagari.pid }, scenario));
        raw.push(RoundMessage.parse(await ask(sides.raw, scenario)));
      }
    }
  } finally {
    client.close();
  }
  return taken.map(({ scenario, kagari, raw }) => ({
    scenario,
    kagari: middle(kagari),
    raw: middle(raw),
  }));
}

/** One round of a scenario on a running Kagari. */
export function kagariRound(
  { client, pid }: { client: Client; pid: number },
  scenario: Omit<Scenario, "name">,
): Promise<Round> {
  return measureRound(
    scenario,
    () => streamRun(client, scenario.graph),
    () => processUse(pid)?.cpuMs,
  );
}

/** Times from spawn to the first 200 of /ok, each on an empty data directory. */
export async function coldStarts(
  children: Children,
  places: readonly Workplace[],
): Promise<{ medianMs: number; ms: number[] }> {
  const ms: number[] = [];
  for (const place of places) {
    const started = await children.coldStart(place, await freePort());
    ms.push(started.ms);
    await started.server.stop();
  }
  return { medianMs: median(ms), ms };
}

/** Longer than an idle server takes to give back what it used for loading. */
const REST_MS = 12_000;

export interface Footprint {
  idleRssMb: number | undefined;
  oneRunRssMb: number | undefined;
  /** After all runs, busy and at rest. */
  busyRssMb: number | undefined;
  restRssMb: number | undefined;
  diskBytesPerRun: number;
}

/** Memory before any graph is loaded, after one chat run and after many, and the database then. */
export async function footprint(
  children: Children,
  place: Workplace,
  runs: number,
): Promise<Footprint> {
  const server = await children.kagari(place);
  const client = new Client(server.url);
  const rssMb = () => processUse(server.pid)?.rssMb;
  const rested = async () => {
    await pause(REST_MS);
    return rssMb();
  };
  try {
    await client.json("GET", "/ok");
    const idleRssMb = await rested();
    await streamRun(client, "chat");
    const oneRunRssMb = await rested();
    await kagariRound({ client, pid: server.pid }, { graph: "chat", concurrency: 16, runs });
    const memory = { idleRssMb, oneRunRssMb, busyRssMb: rssMb(), restRssMb: await rested() };
    // Only a closed database has all its pages in one file.
    await server.stop();
    return { ...memory, diskBytesPerRun: folderBytes(place.dataDir) / (runs + 1) };
  } finally {
    client.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
