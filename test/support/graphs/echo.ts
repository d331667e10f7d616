import { AIMessage } from "@langchain/core/messages";
import {
  type LangGraphRunnableConfig,
  MessagesValue,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { z } from "zod";

const Echo = new StateSchema({
  messages: MessagesValue,
  note: z.string().optional(),
  seen: z.record(z.string(), z.unknown()).optional(),
});

const EchoContext = z.object({ tone: z.string().optional(), level: z.number().optional() });

/** Repeats the last message, and tells in `seen` what config and context it ran with. */
export const graph = new StateGraph(Echo, EchoContext)
  .addNode("echo", ({ messages, note }, config: LangGraphRunnableConfig) => {
    const { configurable, context, metadata } = config;
    const shown = Object.entries(configurable ?? {}).filter(([key]) => !key.startsWith("__"));
    return {
      messages: [new AIMessage(`echo: ${messages.at(-1)?.text ?? note ?? ""}`)],
      seen: {
        configurable: JSON.parse(JSON.stringify(Object.fromEntries(shown))),
        context: context ?? null,
        metadata: JSON.parse(JSON.stringify(metadata ?? {})),
      },
    };
  })
  .addEdge(START, "echo")
  .compile();
