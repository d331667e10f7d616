import { findPostgres, startPostgres } from "../test/support/postgres-server.ts";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import type { Server } from "./children.ts";
import { type GraphName, streamRun } from "./kagari-runs.ts";
import { measureRound, middle, type Round } from "./measure.ts";
import { Client } from "./sse-client.ts";
import { processUse } from "./system.ts";

const COUNTS = [1, 2, 4];
const CONCURRENCY = 16;

/** One database under 1, 2 and 4 servers, which share the load. */
export async function processes({ children, places, upstream, isQuick }: Bench): Promise<Table> {
  const binaries = findPostgres(process.env["PATH"] ?? "");
  if (binaries === undefined) throw new Error("there is no Postgres on this machine");
  const postgres = await startPostgres(binaries);
  const rows: string[][] = [];
  try {
    const place = places.make(upstream);
    for (const count of COUNTS) {
      const start = () => children.kagari(place, { env: { DATABASE_URL: postgres.url } });
      const servers = await Promise.all(Array.from({ length: count }, start));
      const clients = servers.map(({ url }) => new Client(url));
      const cells = [];
      for (const graph of ["chat", "echo"] as const) {
        const rounds: Round[] = [];
        const runs = (isQuick ? 80 : 250) * Math.min(count, 2);
        await round({ servers, clients }, { graph, runs });
        for (let turn = 0; turn < (isQuick ? 1 : 3); turn++)
          rounds.push(await round({ servers, clients }, { graph, runs }));
        const { runsPerSecond, p99Ms, cpuMsPerRun } = middle(rounds);
        cells.push(fixed(runsPerSecond), fixed(p99Ms), fixed(cpuMsPerRun));
      }
      rows.push([String(count), ...cells]);
      for (const client of clients) client.close();
      await Promise.all(servers.map((server) => server.stop()));
    }
  } finally {
    await postgres.stop();
  }
  return {
    title: `Servers on one Postgres, ${CONCURRENCY} runs at once for each (the database does not wait for the disk)`,
    head: [
      "servers",
      ...["chat", "echo"].flatMap((graph) => [
        `${graph} runs/s`,
        `${graph} p99 ms`,
        `${graph} CPU ms/run`,
      ]),
    ],
    rows,
  };
}

/** Runs in turns on all servers; the CPU time is that of all of them. */
function round(
  { servers, clients }: { servers: Server[]; clients: Client[] },
  { graph, runs }: { graph: GraphName; runs: number },
): Promise<Round> {
  let begun = 0;
  return measureRound(
    { runs, concurrency: CONCURRENCY * servers.length },
    () => {
      const client = clients[begun++ % clients.length];
      if (client === undefined) throw new Error("there is no server");
      return streamRun(client, graph);
    },
    () => servers.reduce((sum, { pid }) => sum + (processUse(pid)?.cpuMs ?? 0), 0),
  );
}
