import { type LangGraphRunnableConfig, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";
import { passGate } from "../gates.ts";

const Slow = new StateSchema({
  gate: z.string().default("none"),
  /** Another one, behind it. */
  second: z.string().optional(),
  steps: z.array(z.string()).default(() => []),
});

/** Tells its progress as custom events and stands at the gate that the input names. */
export const graph = new StateGraph(Slow)
  .addNode("begin", ({ gate, steps }, { writer }: LangGraphRunnableConfig) => {
    writer?.({ at: "begin" });
    return { steps: [...steps, `begin ${gate}`] };
  })
  .addNode("wait", async ({ gate, second, steps }, { writer, signal }: LangGraphRunnableConfig) => {
    writer?.({ at: "gate" });
    await passGate(gate, signal);
    writer?.({ at: "through" });
    if (second !== undefined) await passGate(second, signal);
    return { steps: [...steps, `through ${gate}`] };
  })
  .addNode("end", ({ gate, steps }) => ({ steps: [...steps, `end ${gate}`] }))
  .addEdge(START, "begin")
  .addEdge("begin", "wait")
  .addEdge("wait", "end")
  .compile();
