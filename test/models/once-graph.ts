import { appendFileSync } from "node:fs";
import { AIMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import {
  type BaseCheckpointSaver,
  type LangGraphRunnableConfig,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { z } from "zod";
import { chatModel, idempotencyKey, once, tools } from "../../src/graphkit.ts";

export const RUN = { configurable: { thread_id: "t", run_id: "run-1" } };

const asked = new AIMessage({
  content: "",
  tool_calls: [
    { id: "one", name: "send", args: { text: "hello" } },
    { id: "two", name: "send", args: { text: "hello" } },
  ],
});

/**
 * One node that asks a model, calls two tools and takes a step of its own, each of which a ledger
 * outside knows of, and then ends as told.
 */
export function ledgerGraph(
  checkpointer: BaseCheckpointSaver,
  { ledger, end }: { ledger: string; end: () => void },
) {
  const sending = tools(
    tool(
      ({ text }: { text: string }, config: LangGraphRunnableConfig) => {
        appendFileSync(ledger, `${text} ${idempotencyKey(config)}\n`);
        return `sent ${text}`;
      },
      { name: "send", description: "Sends.", schema: z.object({ text: z.string() }) },
    ),
  );
  const model = chatModel();
  async function act(
    { messages }: typeof MessagesAnnotation.State,
    config: LangGraphRunnableConfig,
  ) {
    const answer = await model.invoke(messages, config);
    const sent: unknown = await new ToolNode(sending).invoke({ messages: [asked] }, config);
    const step = await once(
      "note",
      async (own) => {
        appendFileSync(ledger, `note ${idempotencyKey(own)}\n`);
        return { noted: true };
      },
      config,
    );
    end();
    return { messages: [answer, new AIMessage(JSON.stringify({ sent, step }))] };
  }
  return new StateGraph(MessagesAnnotation)
    .addNode("act", act)
    .addEdge(START, "act")
    .compile({ checkpointer });
}
