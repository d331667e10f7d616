import { z } from "zod";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import { ask, type Server } from "./children.ts";
import { newThread, turnOf } from "./kagari-runs.ts";
import type { Round } from "./measure.ts";
import { kagariRound, RoundMessage } from "./scenarios.ts";
import { Client } from "./sse-client.ts";
import { processUse } from "./system.ts";

const GAP_MS = 50;

const Run = z.object({ run_id: z.string() });

/** Many slow streams at once, and many readers of one, at 20 tokens a second. */
export async function streams({ children, places, isQuick }: Bench): Promise<Table> {
  const [count, tokens] = isQuick ? [100, 40] : [500, 100];
  const { hello } = await children.script("upstream.ts", [String(tokens), String(GAP_MS)]);
  const upstream = `http://127.0.0.1:${z.number().parse(hello)}/v1`;
  const env = { KAGARI_WORKERS: String(count) };
  const server = await children.kagari(places.make(upstream), { env });
  const client = new Client(server.url);
  const { child: raw } = await children.script("raw.ts", [upstream]);
  const load = { graph: "chat", concurrency: count, runs: count } as const;
  const warmUp = { ...load, concurrency: 20, runs: 20 };
  const side = { client, pid: server.pid };
  await kagariRound(side, warmUp);
  await ask(raw, warmUp);
  const memory = watchMemory(server);
  const own = await kagariRound(side, load);
  const growthKb = memory.stop() / count;
  const bare = RoundMessage.parse(await ask(raw, load));
  const alone = await cpuOfOne(side, 1);
  const together = await cpuOfOne(side, count);
  client.close();
  const leastSeconds = ((tokens + 1) * GAP_MS) / 1000;
  const perToken = (cpuMs: number | undefined) => ((cpuMs ?? Number.NaN) / tokens) * 1000;
  const cpu = { own: perToken(own.cpuMsPerRun), bare: perToken(bare.cpuMsPerRun) };
  return {
    title: `${count} streams of ${tokens} tokens, one every ${GAP_MS} ms each (${leastSeconds} s at least)`,
    head: ["", "Kagari", "raw LangGraph", "Kagari to raw", "aim"],
    rows: [
      ["longest stream, s", seconds(own), seconds(bare), "", ""],
      ["CPU us/token", fixed(cpu.own, 0), fixed(cpu.bare, 0), fixed(cpu.own / cpu.bare, 2), "1.5"],
      ["delay of a token p50, ms", fixed(own.delayP50Ms), fixed(bare.delayP50Ms), "", ""],
      ["delay of a token p99, ms", fixed(own.delayP99Ms), fixed(bare.delayP99Ms), "", "400"],
      ["memory, KB/stream", fixed(growthKb, 0), "", "", ""],
      [`one run with 1 reader, CPU us/token`, fixed(perToken(alone), 0), "", "", ""],
      [`one run with ${count} readers, CPU us/token`, fixed(perToken(together), 0), "", "", ""],
    ],
  };
}

/** CPU time that a server takes for one run which so many clients read. */
async function cpuOfOne(
  { client, pid }: { client: Client; pid: number },
  readers: number,
): Promise<number> {
  const thread = await newThread(client);
  const before = processUse(pid)?.cpuMs ?? Number.NaN;
  const body = { ...turnOf("chat"), stream_mode: ["messages-tuple"] };
  const { run_id } = Run.parse(await client.json("POST", `/threads/${thread}/runs`, body));
  const path = `/threads/${thread}/runs/${run_id}/stream`;
  const read = () => client.stream(path, undefined, () => undefined);
  await Promise.all(Array.from({ length: readers }, read));
  return (processUse(pid)?.cpuMs ?? Number.NaN) - before;
}

const seconds = ({ p99Ms }: Round): string => fixed(p99Ms / 1000, 2);

/** How far the memory of a server rises until `stop`, in KB. */
function watchMemory({ pid }: Server): { stop: () => number } {
  const before = processUse(pid)?.rssMb ?? Number.NaN;
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, processUse(pid)?.rssMb ?? 0)), 100);
  return {
    stop: () => {
      clearInterval(timer);
      return (most - before) * 1024;
    },
  };
}
