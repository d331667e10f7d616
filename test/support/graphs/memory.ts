import {
  type BaseStore,
  type LangGraphRunnableConfig,
  START,
  StateGraph,
  StateSchema,
} from "@langchain/langgraph";
import { z } from "zod";

const Memory = new StateSchema({
  remember: z.record(z.string(), z.string()).optional(),
  query: z.string().optional(),
  found: z.array(z.string()).optional(),
  namespaces: z.array(z.array(z.string())).optional(),
});

function storeOf({ store }: LangGraphRunnableConfig): BaseStore {
  if (store === undefined) throw new Error("The graph was given no store");
  return store;
}

/** Puts what it is told into the store, and in a later node reads it again. */
export const graph = new StateGraph(Memory)
  .addNode("write", async ({ remember = {} }, config: LangGraphRunnableConfig) => {
    const store = storeOf(config);
    await Promise.all(
      Object.entries(remember).map(([key, text]) =>
        store.put(["notes", "mine"], key, { text }, key === "secret" ? false : undefined),
      ),
    );
    return {};
  })
  .addNode("read", async ({ query }, config: LangGraphRunnableConfig) => {
    const store = storeOf(config);
    const items = await store.search(["notes"], query === undefined ? {} : { query });
    return {
      found: items.map(({ key }) => key),
      namespaces: await store.listNamespaces({ prefix: ["notes"] }),
    };
  })
  .addEdge(START, "write")
  .addEdge("write", "read")
  .compile();
