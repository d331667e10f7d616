import { interrupt, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";

const Inner = new StateSchema({ word: z.string(), inside: z.string().optional() });
const Outer = new StateSchema({ word: z.string(), above: z.string().optional() });

const inner = new StateGraph(Inner)
  .addNode("stem", () => ({ inside: "stem" }))
  .addNode("leaf", ({ word }) => ({ inside: `leaf ${word}`, word: `${word}!` }))
  .addEdge(START, "stem")
  .addEdge("stem", "leaf")
  .compile();

/** A graph whose first node is another graph. */
export const graph = new StateGraph(Outer)
  .addNode("branch", inner)
  .addNode("top", ({ word }) => ({ above: `top ${word}` }))
  .addEdge(START, "branch")
  .addEdge("branch", "top")
  .compile();

const asking = new StateGraph(Inner)
  .addNode("leaf", ({ word }) => ({ inside: `${word} ${String(interrupt("which?"))}` }))
  .addEdge(START, "leaf")
  .compile();

/** A graph whose inner graph asks a question. */
export const nestedAsk = new StateGraph(Outer)
  .addNode("branch", asking)
  .addNode("top", ({ word }) => ({ above: `top ${word}` }))
  .addEdge(START, "branch")
  .addEdge("branch", "top")
  .compile();
