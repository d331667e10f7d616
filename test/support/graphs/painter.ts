import { AIMessage } from "@langchain/core/messages";
import { MessagesValue, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { imageModel } from "../../../src/graphkit.ts";

/** Answers with the address of a picture of what was said. */
export const graph = new StateGraph(new StateSchema({ messages: MessagesValue }))
  .addNode("paint", async ({ messages }) => {
    const [image] = await imageModel().generate(messages.at(-1)?.text ?? "");
    return { messages: [new AIMessage(image?.url ?? "")] };
  })
  .addEdge(START, "paint")
  .compile();
