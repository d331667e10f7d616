import { z } from "zod";
import { delayOf, type RunTime } from "./measure.ts";
import type { Client } from "./sse-client.ts";

const Thread = z.object({ thread_id: z.string() });
const TOKEN = /"content":"(?<token>[^"]*)"/;

/** What is run, and how its stream is asked for. */
export const GRAPHS = { chat: "messages-tuple", echo: "values" } as const;

export type GraphName = keyof typeof GRAPHS;
export type StreamMode = (typeof GRAPHS)[GraphName];

export const newThread = async (client: Client): Promise<string> =>
  Thread.parse(await client.json("POST", "/threads", {})).thread_id;

/** What starts a turn of a graph. */
export const turnOf = (graph: string, content = "hello") => ({
  assistant_id: graph,
  input: { messages: [{ role: "user", content }] },
});

/** One streamed turn on a thread. */
export async function streamTurn(
  client: Client,
  graph: GraphName,
  { thread, content, mode }: { thread: string; content?: string; mode?: StreamMode },
): Promise<RunTime> {
  const start = performance.now();
  const delaysMs: number[] = [];
  let firstAt = 0;
  let failure: string | undefined;
  const names: string[] = [];
  const body = { ...turnOf(graph, content), stream_mode: [mode ?? GRAPHS[graph]] };
  await client.stream(`/threads/${thread}/runs/stream`, body, (name, data) => {
    names.push(name);
    if (name === "error") failure = data;
    if (name !== "messages" && name !== "values") return;
    firstAt ||= performance.now();
    const delay = delayOf(TOKEN.exec(data)?.groups?.["token"] ?? "");
    if (delay !== undefined) delaysMs.push(delay);
  });
  if (failure !== undefined) throw new Error(`a run failed: ${failure}`);
  if (firstAt === 0)
    throw new Error(
      `a run ended without an answer: its stream had the events [${names.join()}], ` +
        `its thread has the runs ${JSON.stringify(await client.json("GET", `/threads/${thread}/runs`))}`,
    );
  return { ms: performance.now() - start, ttftMs: firstAt - start, delaysMs };
}

/** One streamed run on a new thread; the thread's own request is outside the time. */
export const streamRun = async (client: Client, graph: GraphName): Promise<RunTime> =>
  streamTurn(client, graph, { thread: await newThread(client) });
