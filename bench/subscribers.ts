import { z } from "zod";
import { WebSocket } from "ws";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import type { Server } from "./children.ts";
import { newThread, turnOf } from "./kagari-runs.ts";
import { delayOf, quantile } from "./measure.ts";
import { Client } from "./sse-client.ts";
import { processUse } from "./system.ts";

const GAP_MS = 100;
const TOKENS = 100;
const SCHEMAS = 500;
const TOKEN = /"(?:content|text)":"(?<token>[^"]*)"/;
const IS_END = /"namespace":\[\][^}]*"event":"completed"|^\{"run_id":"[^"]+","status"/;
const WANTED = { channels: ["messages", "lifecycle"] };

const Run = z.object({ run_id: z.string() });

/** One way to follow a run: calls back for every frame until its end. */
type Follow = (
  place: { thread: string; run: string },
  onFrame: (data: string) => void,
) => Promise<void>;

/** The same run read by many, by each way to read it; and what the schemas of a graph cost. */
export async function subscribers({ children, places, isQuick }: Bench): Promise<Table> {
  const count = isQuick ? 100 : 500;
  const { hello } = await children.script("upstream.ts", [String(TOKENS), String(GAP_MS)]);
  const upstream = `http://127.0.0.1:${z.number().parse(hello)}/v1`;
  const server = await children.kagari(places.make(upstream));
  const client = new Client(server.url);
  const schemas = await timesOfSchemas(client);
  const ways: [string, Follow][] = [
    [
      "runs API, SSE",
      ({ thread, run }, onFrame) =>
        client.stream(
          `/threads/${thread}/runs/${run}/stream?stream_mode=messages-tuple`,
          undefined,
          (_, data) => onFrame(data),
        ),
    ],
    ["event protocol, SSE", ({ thread }, onFrame) => overSse(server, thread, onFrame)],
    ["event protocol, WebSocket", ({ thread }, onFrame) => overSocket(server, thread, onFrame)],
  ];
  const rows: string[][] = [];
  for (const [name, follow] of ways) {
    await measured(client, server, { follow, count: 20 });
    const alone = await measured(client, server, { follow, count: 1 });
    const all = await measured(client, server, { follow, count });
    const shared = all.cpuMs - alone.cpuMs;
    rows.push([
      name,
      fixed(all.cpuMs / TOKENS, 2),
      fixed((shared * 1000) / all.frames, 1),
      fixed(quantile(all.delays, 0.5), 0),
      fixed(quantile(all.delays, 0.99), 0),
      fixed((all.growthMb * 1024) / count, 0),
    ]);
  }
  client.close();
  await server.stop();
  return {
    title: `${count} subscribers to one run of ${TOKENS} tokens, one every ${GAP_MS} ms; schemas of a graph p50 ${fixed(quantile(schemas, 0.5), 2)}, p99 ${fixed(quantile(schemas, 0.99), 2)} ms`,
    head: [
      "",
      "CPU ms/token",
      "CPU us/frame and subscriber",
      "delay p50, ms",
      "delay p99, ms",
      "memory, KB/subscriber",
    ],
    rows,
  };
}

async function timesOfSchemas(client: Client): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < SCHEMAS; round++) {
    const start = performance.now();
    await client.json("GET", "/assistants/chat/schemas");
    times.push(performance.now() - start);
  }
  return times;
}

interface Measured {
  cpuMs: number;
  growthMb: number;
  frames: number;
  delays: number[];
}

async function measured(
  client: Client,
  { pid }: Server,
  { follow, count }: { follow: Follow; count: number },
): Promise<Measured> {
  const thread = await newThread(client);
  const before = processUse(pid);
  const body = { ...turnOf("chat"), stream_mode: ["messages-tuple"] };
  const { run_id: run } = Run.parse(await client.json("POST", `/threads/${thread}/runs`, body));
  const delays: number[] = [];
  let frames = 0;
  const onFrame = (data: string) => {
    frames += 1;
    const delay = delayOf(TOKEN.exec(data)?.groups?.["token"] ?? "");
    if (delay !== undefined) delays.push(delay);
  };
  await Promise.all(Array.from({ length: count }, () => follow({ thread, run }, onFrame)));
  const after = processUse(pid);
  return {
    cpuMs: (after?.cpuMs ?? Number.NaN) - (before?.cpuMs ?? Number.NaN),
    growthMb: (after?.rssMb ?? Number.NaN) - (before?.rssMb ?? Number.NaN),
    frames,
    delays,
  };
}

/** The stream of a thread has no end: it is left at the end of the run. */
async function overSse(
  { url }: Server,
  thread: string,
  onFrame: (data: string) => void,
): Promise<void> {
  const client = new Client(url);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  client
    .stream(`/threads/${thread}/stream/events`, WANTED, (_, data) => {
      onFrame(data);
      if (IS_END.test(data)) resolve();
    })
    .catch(reject);
  await promise;
  client.close();
}

async function overSocket(
  { url }: Server,
  thread: string,
  onFrame: (data: string) => void,
): Promise<void> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/threads/${thread}/stream/events`);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("error", reject);
  socket.on("open", () => {
    socket.send(JSON.stringify({ id: 1, method: "subscription.subscribe", params: WANTED }));
  });
  socket.on("message", (data: Buffer) => {
    const text = data.toString();
    onFrame(text);
    if (IS_END.test(text)) resolve();
  });
  await promise;
  socket.terminate();
}
