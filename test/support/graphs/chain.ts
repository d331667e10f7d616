import { appendFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import {
  type LangGraphRunnableConfig,
  START,
  StateGraph,
  StateSchema,
  ReducedValue,
} from "@langchain/langgraph";
import { z } from "zod";

const NODES = 10;

const ChainState = new StateSchema({
  steps: new ReducedValue(
    z.array(z.number()).default(() => []),
    {
      inputSchema: z.array(z.number()),
      reducer: (done: number[], more: number[]) => [...done, ...more],
    },
  ),
});

/** A node whose side effect in the outside world is a line of the ledger file. */
const step = (n: number) => async (_: unknown, config: LangGraphRunnableConfig) => {
  const { ledger, pause_ms } = config.configurable ?? {};
  appendFileSync(String(ledger), `${n}\n`);
  await wait(Number(pause_ms), undefined, config.signal ? { signal: config.signal } : {});
  return { steps: [n] };
};

const names = Array.from({ length: NODES }, (_, index) => `n${index + 1}`);
const builder = names.reduce<StateGraph<typeof ChainState>>(
  (graph, name, index) => graph.addNode(name, step(index + 1)) as unknown as typeof graph,
  new StateGraph(ChainState),
);
const wired = builder as unknown as { addEdge(from: string, to: string): void };
for (const [index, name] of names.entries()) wired.addEdge(names[index - 1] ?? START, name);

/** Ten nodes one after the other. */
export const graph = builder.compile();
