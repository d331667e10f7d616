import { type LangGraphRunnableConfig, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";

const Flood = new StateSchema({ count: z.number(), bytes: z.number() });

/** Tells so many custom events of so many bytes as fast as it can, but lets others have their turn. */
export const graph = new StateGraph(Flood)
  .addNode("pour", async ({ count, bytes }, { writer }: LangGraphRunnableConfig) => {
    for (let n = 0; n < count; n++) {
      writer?.({ n, filling: "x".repeat(bytes) });
      if (n % 20 === 0) await new Promise(setImmediate);
    }
    return {};
  })
  .addEdge(START, "pour")
  .compile();
