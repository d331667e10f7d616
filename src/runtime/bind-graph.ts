import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Graph } from "./load-graphs.ts";

/**
 * The same graph with another saver. A shallow copy, since one compiled graph serves many runs at
 * once and each has a saver with its own fence; `withConfig` would re-validate the whole graph.
 */
export function withSaver(graph: Graph, saver: BaseCheckpointSaver): Graph {
  const copy: Graph = Object.create(Object.getPrototypeOf(graph));
  return Object.assign(copy, graph, { checkpointer: saver });
}
