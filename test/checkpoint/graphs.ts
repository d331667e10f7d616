import { AIMessage, HumanMessage } from "@langchain/core/messages";
import {
  Annotation,
  END,
  interrupt,
  MessagesAnnotation,
  START,
  StateGraph,
  type BaseCheckpointSaver,
} from "@langchain/langgraph";

const Steps = Annotation.Root({
  steps: Annotation<string[]>({ reducer: (left, right) => [...left, ...right], default: () => [] }),
  note: Annotation<string>,
});

/** Adds "a", then "b"; the note is only ever what the input or an update says. */
export const stepsGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(Steps)
    .addNode("a", () => ({ steps: ["a"] }))
    .addNode("b", () => ({ steps: ["b"] }))
    .addEdge(START, "a")
    .addEdge("a", "b")
    .addEdge("b", END)
    .compile({ checkpointer });

/** Answers, then asks whether to go on, then says what it was told. */
export const askingGraph = (checkpointer: BaseCheckpointSaver) =>
  new StateGraph(MessagesAnnotation)
    .addNode("answer", () => ({ messages: [new AIMessage({ id: "ai", content: "好的" })] }))
    .addNode("ask", () => {
      const answer: unknown = interrupt({ question: "Go on?" });
      return { messages: [new HumanMessage({ id: "human", content: String(answer) })] };
    })
    .addEdge(START, "answer")
    .addEdge("answer", "ask")
    .addEdge("ask", END)
    .compile({ checkpointer });

/** A graph whose only node is a graph that asks. */
export function nestedGraph(checkpointer: BaseCheckpointSaver) {
  const inner = new StateGraph(Steps)
    .addNode("first", () => ({ steps: ["first"] }))
    .addNode("ask", () => ({ steps: [String(interrupt("which?"))] }))
    .addEdge(START, "first")
    .addEdge("first", "ask")
    .addEdge("ask", END)
    .compile();
  return new StateGraph(Steps)
    .addNode("inner", inner)
    .addEdge(START, "inner")
    .addEdge("inner", END)
    .compile({ checkpointer });
}
