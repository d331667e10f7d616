import {
  interrupt,
  type LangGraphRunnableConfig,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { z } from "zod";
import { passGate } from "../gates.ts";

const State = new StateSchema({
  gate: z.string().default("none"),
  answers: z.array(z.unknown()).default(() => []),
  more: z.array(z.unknown()).default(() => []),
});

const failed = new Set<string>();

/** Fails the first time it comes here with the name. */
function failOnce(name: string): void {
  if (failed.has(name)) return;
  failed.add(name);
  throw new Error("it broke between two questions");
}

const asking = new StateGraph(State)
  .addNode("ask", ({ gate }) => {
    const first = interrupt("first?");
    failOnce(gate);
    return { answers: [first, interrupt("second?")] };
  })
  .addEdge(START, "ask");

/** Asks twice in one node, and breaks between the two the first time. */
export const graph = asking.compile();

/** The same as the inner graph of another. */
export const outer = new StateGraph(State)
  .addNode("inner", asking.compile())
  .addEdge(START, "inner")
  .compile();

const held = new StateGraph(State)
  .addNode("ask", () => ({ answers: [interrupt("first?")] }))
  .addNode("hold", async ({ gate }, { signal }: LangGraphRunnableConfig) => {
    await passGate(gate, signal);
    return {};
  })
  .addNode("askAgain", () => ({ more: [interrupt("second?")] }))
  .addEdge(START, "ask")
  .addEdge("ask", "hold")
  .addEdge("hold", "askAgain")
  .compile();

/** Its inner graph asks, stands at a gate, and asks again. */
export const nestedHeld = new StateGraph(State)
  .addNode("inner", held)
  .addEdge(START, "inner")
  .compile();
