import { Client } from "@langchain/langgraph-sdk";
import { getLogger } from "@langchain/langgraph-sdk/logging";
import { START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";

const State = new StateSchema({ note: z.string(), echoed: z.string().optional() });

interface Values {
  messages: { content: string }[];
}

const lastText = ({ messages }: Values): string => messages.at(-1)?.content ?? "";

/** Asks another graph of the same server through the SDK, and keeps what it heard in the store. */
export const graph = new StateGraph(State)
  .addNode("ask", async ({ note }) => {
    const client = new Client({ apiKey: null });
    const { thread_id } = await client.threads.create();
    const input = { messages: [{ type: "human", content: note }] };
    let echoed = "";
    for await (const { event, data } of client.runs.stream(thread_id, "echo", {
      input,
      streamMode: "values",
    }))
      if (event === "values") echoed = lastText(data as unknown as Values);
    await client.store.putItem(["heard"], "last", { echoed });
    getLogger().info("heard an echo", { length: echoed.length });
    return { echoed };
  })
  .addEdge(START, "ask")
  .compile();
