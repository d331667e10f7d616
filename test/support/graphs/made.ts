import { START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";

const State = new StateSchema({ said: z.string().optional() });

/** A graph that was never compiled. */
export const builder = new StateGraph(State)
  .addNode("say", () => ({ said: "built" }))
  .addEdge(START, "say");

/** Makes a graph that speaks as the run's config says. */
export function factory({ configurable }: { configurable?: Record<string, unknown> }) {
  const { word = "nothing" } = z.object({ word: z.string().optional() }).parse(configurable ?? {});
  return new StateGraph(State)
    .addNode("say", () => ({ said: `made with ${word}` }))
    .addEdge(START, "say")
    .compile();
}
