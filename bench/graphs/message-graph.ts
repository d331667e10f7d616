import type { BaseMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";

type Answer = (
  messages: BaseMessage[],
  config: LangGraphRunnableConfig,
) => BaseMessage | Promise<BaseMessage>;

/** A graph of one node that adds one answer; the servers and the raw loop measure the same shape. */
export function messageGraph(answer: Answer) {
  const node = async (
    { messages }: typeof MessagesAnnotation.State,
    config: LangGraphRunnableConfig,
  ) => ({ messages: [await answer(messages, config)] });
  return new StateGraph(MessagesAnnotation)
    .addNode("model", node)
    .addEdge(START, "model")
    .addEdge("model", END);
}
