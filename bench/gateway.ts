import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { type Bench, fixed, type Table } from "./bench.ts";
import { LAUNCHER } from "./children.ts";
import { delayOf, measureRound, middle, type Round, type RunTime } from "./measure.ts";
import { Client } from "./sse-client.ts";
import { processUse } from "./system.ts";
import type { Workplace } from "./workplace.ts";

const run = promisify(execFile);

const GAP_MS = 50;
const TOKENS = 40;

const Chunk = z.object({
  choices: z.array(z.object({ delta: z.object({ content: z.string().optional() }) })),
});

interface Side {
  readonly name: string;
  readonly client: Client;
  /** Undefined for the model server itself, whose cost is nobody's here. */
  readonly pid: number | undefined;
  readonly rounds: Record<Load, Round[]>;
}

type Load = "whole" | "stream" | "many" | "paced";

/** What a chat completion costs that goes through Kagari, with a key and the ledger, beside bare proxies. */
export async function gateway(bench: Bench): Promise<Table> {
  const { isQuick, children } = bench;
  const paced = z
    .number()
    .parse((await children.script("upstream.ts", [String(TOKENS), String(GAP_MS)])).hello);
  const quick = await sidesTo(bench, bench.upstream);
  const slow = await sidesTo(bench, `http://127.0.0.1:${paced}/v1`);
  const streams = isQuick ? 100 : 500;
  const loads = {
    whole: { concurrency: 1, runs: isQuick ? 200 : 500 },
    stream: { concurrency: 1, runs: isQuick ? 200 : 500 },
    many: { concurrency: 16, runs: isQuick ? 500 : 2000 },
  } as const;
  for (let round = 0; round <= (isQuick ? 2 : 5); round++)
    for (const load of ["whole", "stream", "many"] as const)
      for (const side of quick) {
        const taken = await measure(side, load, loads[load]);
        // The first round warms up.
        if (round > 0) side.rounds[load].push(taken);
      }
  for (const side of slow) {
    await measure(side, "paced", { concurrency: 20, runs: 20 });
    side.rounds.paced.push(await measure(side, "paced", { concurrency: streams, runs: streams }));
  }
  for (const { client } of [...quick, ...slow]) client.close();
  return tableOf(quick, slow, streams);
}

async function sidesTo({ children, places }: Bench, upstream: string): Promise<Side[]> {
  const place = places.make(upstream);
  const server = await children.kagari(place);
  const key = await keyOf(place);
  const proxies = await Promise.all(
    (["hono", "node"] as const).map(async (kind) => {
      const { child, hello } = await children.script("proxy.ts", [kind, upstream]);
      return { name: kind, pid: child.pid, url: `http://127.0.0.1:${z.number().parse(hello)}` };
    }),
  );
  const direct = { name: "direct", pid: undefined, url: new URL(upstream).origin };
  return [{ name: "kagari", ...server }, ...proxies, direct].map(({ name, pid, url }) => ({
    name,
    pid,
    client: new Client(url, name === "kagari" ? { "x-api-key": key } : {}),
    rounds: { whole: [], stream: [], many: [], paced: [] },
  }));
}

/** A key of the running server; from the first one on every request is checked, and has a budget. */
async function keyOf({ dataDir }: Workplace): Promise<string> {
  const args = ["keys", "create", "--name", "bench", "--budget", "1000 USD", "--data-dir", dataDir];
  const { stdout } = await run(process.execPath, [LAUNCHER, ...args]);
  return stdout.trim();
}

const measure = (
  { client, pid }: Side,
  load: Load,
  rounds: { runs: number; concurrency: number },
): Promise<Round> =>
  measureRound(
    rounds,
    () => (load === "whole" ? askWhole(client) : askStream(client)),
    () => (pid === undefined ? undefined : processUse(pid)?.cpuMs),
  );

const question = (isStreamed: boolean) => ({
  model: "bench",
  messages: [{ role: "user", content: "hello" }],
  stream: isStreamed,
});

async function askWhole(client: Client): Promise<RunTime> {
  const start = performance.now();
  await client.json("POST", "/v1/chat/completions", question(false));
  const ms = performance.now() - start;
  return { ms, ttftMs: ms };
}

async function askStream(client: Client): Promise<RunTime> {
  const start = performance.now();
  const delaysMs: number[] = [];
  let firstAt = 0;
  await client.stream("/v1/chat/completions", question(true), (_name, data) => {
    firstAt ||= performance.now();
    if (data === "[DONE]") return;
    const content = Chunk.parse(JSON.parse(data)).choices[0]?.delta.content;
    const delay = content === undefined ? undefined : delayOf(content);
    if (delay !== undefined) delaysMs.push(delay);
  });
  return { ms: performance.now() - start, ttftMs: firstAt - start, delaysMs };
}

function tableOf(quick: readonly Side[], slow: readonly Side[], streams: number): Table {
  const row = (
    title: string,
    from: { sides: readonly Side[]; load: Load },
    read: (round: Round) => number | undefined,
  ): string[] => {
    const [own, hono, node, direct] = from.sides.map(({ rounds }) =>
      read(middle(rounds[from.load])),
    );
    const cells = [own, hono, node, direct].map((value) => fixed(value, 2));
    return [title, ...cells, fixed((own ?? Number.NaN) / (hono ?? Number.NaN), 2)];
  };
  const one = (load: Load) => ({ sides: quick, load });
  const paced = { sides: slow, load: "paced" as const };
  return {
    title: "A chat completion through a gateway (Kagari with a key and its ledger)",
    head: ["", "Kagari", "Hono proxy", "node:http proxy", "direct", "Kagari to Hono"],
    rows: [
      row("whole answer, p50 ms", one("whole"), ({ p50Ms }) => p50Ms),
      row("stream of 20 tokens, p50 ms", one("stream"), ({ p50Ms }) => p50Ms),
      row("whole answer, CPU ms", one("whole"), ({ cpuMsPerRun }) => cpuMsPerRun),
      row("stream of 20 tokens, CPU ms", one("stream"), ({ cpuMsPerRun }) => cpuMsPerRun),
      row("16 streams at once, CPU ms", one("many"), ({ cpuMsPerRun }) => cpuMsPerRun),
      row("16 streams at once, requests/s", one("many"), ({ runsPerSecond }) => runsPerSecond),
      row(`${streams} paced streams, CPU ms`, paced, ({ cpuMsPerRun }) => cpuMsPerRun),
      row(`${streams} paced streams, delay p50 ms`, paced, ({ delayP50Ms }) => delayP50Ms),
      row(`${streams} paced streams, delay p99 ms`, paced, ({ delayP99Ms }) => delayP99Ms),
    ],
  };
}
