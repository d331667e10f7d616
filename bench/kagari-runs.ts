import { z } from "zod";
import type { RunTime } from "./measure.ts";
import type { Client } from "./sse-client.ts";

const Thread = z.object({ thread_id: z.string() });

/** What is run, and how its stream is asked for. */
export const GRAPHS = { chat: "messages-tuple", echo: "values" } as const;

export type GraphName = keyof typeof GRAPHS;

/** One streamed run on a new thread; the thread's own request is outside the time. */
export async function streamRun(client: Client, graph: GraphName): Promise<RunTime> {
  const { thread_id } = Thread.parse(await client.json("POST", "/threads", {}));
  const start = performance.now();
  let firstAt = 0;
  let failure: string | undefined;
  let isAnswered = false;
  const body = {
    assistant_id: graph,
    input: { messages: [{ role: "user", content: "hello" }] },
    stream_mode: [GRAPHS[graph]],
  };
  await client.stream(`/threads/${thread_id}/runs/stream`, body, (name, data) => {
    if (name === "error") failure = data;
    if (name === "messages" || name === "values") {
      firstAt ||= performance.now();
      isAnswered = true;
    }
  });
  if (failure !== undefined) throw new Error(`a run failed: ${failure}`);
  if (!isAnswered) throw new Error("a run ended without an answer");
  return { ms: performance.now() - start, ttftMs: firstAt - start };
}
