import { randomBytes } from "node:crypto";
import { type LangGraphRunnableConfig, START, StateGraph, StateSchema } from "@langchain/langgraph";
import { z } from "zod";
import { passGate } from "../gates.ts";

const Flood = new StateSchema({
  count: z.number(),
  bytes: z.number(),
  gate: z.string().optional(),
});

/** What takes as much room on a disk as it is long. */
const noise = (length: number): string =>
  randomBytes(Math.ceil((length * 3) / 4))
    .toString("base64")
    .slice(0, length);

/**
 * Tells so many custom events of so many bytes as fast as it can, but lets others have their turn; then stands at
 * the gate when one is named.
 */
export const graph = new StateGraph(Flood)
  .addNode("pour", async ({ count, bytes, gate }, { writer, signal }: LangGraphRunnableConfig) => {
    for (let n = 0; n < count; n++) {
      writer?.({ n, filling: noise(bytes) });
      if (n % 20 === 0) await new Promise(setImmediate);
    }
    if (gate !== undefined) await passGate(gate, signal);
    return {};
  })
  .addEdge(START, "pour")
  .compile();
