import { START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";

class BoomError extends Error {
  override name = "BoomError";
}

const State = new StateSchema({ count: z.number().default(0) });

/** Fails in its second node. */
export const graph = new StateGraph(State)
  .addNode("first", ({ count }) => ({ count: count + 1 }))
  .addNode("second", () => {
    throw new BoomError("it went boom");
  })
  .addEdge(START, "first")
  .addEdge("first", "second")
  .compile();

/** Never comes to an end by itself. */
export const loop = new StateGraph(State)
  .addNode("again", ({ count }) => ({ count: count + 1 }))
  .addEdge(START, "again")
  .addConditionalEdges("again", () => "again", ["again"])
  .compile();
