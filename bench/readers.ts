import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import { newThread, streamRun, turnOf } from "./kagari-runs.ts";
import { Client } from "./sse-client.ts";
import { processUse } from "./system.ts";

const SETTLE_MS = 2000;
const WATCH_MS = 5000;

const Run = z.object({ run_id: z.string() });

/** Many clients that follow a run of which nothing comes. */
export async function readers({ children, places, upstream, isQuick }: Bench): Promise<Table> {
  const count = isQuick ? 500 : 2000;
  const server = await children.kagari(places.make(upstream));
  const client = new Client(server.url);
  await streamRun(client, "chat");
  const thread = await newThread(client);
  const { run_id } = Run.parse(
    await client.json("POST", `/threads/${thread}/runs`, turnOf("hold")),
  );
  await pause(SETTLE_MS);
  const before = processUse(server.pid);
  const path = `/threads/${thread}/runs/${run_id}/stream`;
  const all = Array.from({ length: count }, () => follow(client, path));
  await Promise.all(all.map(({ begun }) => begun));
  await pause(SETTLE_MS);
  const idle = processUse(server.pid);
  await pause(WATCH_MS);
  const after = processUse(server.pid);
  await client.json("POST", `/threads/${thread}/runs/${run_id}/cancel?wait=true`, {});
  await Promise.all(all.map(({ ended }) => ended));
  client.close();
  await server.stop();
  const growthMb = (after?.rssMb ?? Number.NaN) - (before?.rssMb ?? Number.NaN);
  const share = ((after?.cpuMs ?? Number.NaN) - (idle?.cpuMs ?? Number.NaN)) / WATCH_MS;
  return {
    title: `${count} clients that follow a silent run`,
    head: ["", ""],
    rows: [
      ["memory for all, MB", fixed(growthMb)],
      ["memory, KB a client", fixed((growthMb * 1024) / count)],
      ["CPU while nothing comes, % of a core", fixed(share * 100)],
    ],
  };
}

/** A client of a stream: when it has had its first event, and its last. */
function follow(client: Client, path: string): { begun: Promise<void>; ended: Promise<void> } {
  const { promise: begun, resolve, reject } = Promise.withResolvers<void>();
  const ended = client.stream(path, undefined, () => resolve());
  ended.catch(reject);
  return { begun, ended };
}
