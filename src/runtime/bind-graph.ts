import type { BaseCheckpointSaver, BaseStore } from "@langchain/langgraph-checkpoint";
import type { Graph } from "./load-graphs.ts";

/**
 * The same graph with another saver and store. A shallow copy, since one compiled graph serves many
 * runs at once and each has a saver with its own fence; `withConfig` would re-validate the whole graph.
 */
export function bindGraph(
  graph: Graph,
  { saver, store }: { saver: BaseCheckpointSaver; store?: BaseStore },
): Graph {
  const copy: Graph = Object.create(Object.getPrototypeOf(graph));
  return Object.assign(copy, graph, { checkpointer: saver, ...(store ? { store } : {}) });
}
