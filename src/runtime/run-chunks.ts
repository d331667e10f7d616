import type { RunnableConfig } from "@langchain/core/runnables";
import type { Command } from "@langchain/langgraph";
import type { JsonObject } from "../core/json.ts";
import type { Run } from "../domain/run.ts";
import { type GraphChunk, RECORDED_MODES } from "./graph-chunks.ts";
import type { Graph } from "./load-graphs.ts";

interface Start {
  input: Command | JsonObject | null;
  config: RunnableConfig & { runId: string; signal: AbortSignal };
}

/** Executes a graph and yields its chunks in the modes that are recorded of every run, and its events when it was started with mode `events`. */
export async function runChunks(
  graph: Graph,
  { kwargs }: Run,
  { input, config }: Start,
): Promise<AsyncIterable<GraphChunk>> {
  const { stream_mode, durability, interrupt_before, interrupt_after } = kwargs;
  const options = {
    ...config,
    streamMode: [...RECORDED_MODES],
    subgraphs: true,
    durability,
    ...(interrupt_before ? { interruptBefore: interrupt_before } : {}),
    ...(interrupt_after ? { interruptAfter: interrupt_after } : {}),
  };
  // With several modes and subgraphs, LangGraph yields [namespace, mode, payload].
  return stream_mode.includes("events")
    ? withEvents(graph.streamEvents(input, { ...options, version: "v2" }), config.runId)
    : ((await graph.stream(input, options)) as unknown as AsyncIterable<GraphChunk>);
}

interface LangChainEvent {
  event: string;
  run_id: string;
  tags?: string[];
  data: { chunk?: unknown };
}

/** The events of all that runs in a graph, with the chunks of the graph itself taken out of them. */
async function* withEvents(
  events: AsyncIterable<LangChainEvent>,
  runId: string,
): AsyncGenerator<GraphChunk> {
  for await (const event of events) {
    if (event.tags?.includes("langsmith:hidden")) continue;
    yield event.event === "on_chain_stream" && event.run_id === runId
      ? (event.data.chunk as GraphChunk)
      : [[], "events", event];
  }
}
