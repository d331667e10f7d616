import { interrupt, MessagesValue, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";

const Ask = new StateSchema({
  messages: MessagesValue,
  answers: z.array(z.unknown()).default(() => []),
});

/** Asks one question and keeps the answer. */
export const one = new StateGraph(Ask)
  .addNode("ask", ({ answers }) => ({ answers: [...answers, interrupt({ question: "sure?" })] }))
  .addNode("done", () => ({ messages: [{ role: "ai", content: "thanks" }] }))
  .addEdge(START, "ask")
  .addEdge("ask", "done")
  .compile();

const Both = new StateSchema({ left: z.unknown(), right: z.unknown() });

/** Asks two questions at once. */
export const two = new StateGraph(Both)
  .addNode("askLeft", () => ({ left: interrupt("left?") }))
  .addNode("askRight", () => ({ right: interrupt("right?") }))
  .addEdge(START, "askLeft")
  .addEdge(START, "askRight")
  .compile();
