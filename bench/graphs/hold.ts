import { setTimeout as pause } from "node:timers/promises";
import {
  type LangGraphRunnableConfig,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";

const FOREVER_MS = 10 * 60_000;

/** Says nothing until it is cancelled. */
export const graph = new StateGraph(MessagesAnnotation)
  .addNode("hold", async (_: unknown, { signal }: LangGraphRunnableConfig) => {
    await pause(FOREVER_MS, undefined, signal ? { signal } : {});
    return {};
  })
  .addEdge(START, "hold")
  .compile();
