import type { Runtime } from "./runtime.ts";

/** A runtime that is loaded at its first use, so that the server answers before LangChain is read. */
export function lazyRuntime(load: () => Promise<Runtime>, graphIds: readonly string[]): Runtime {
  let loading: Promise<Runtime> | undefined;
  const runtime = () => (loading ??= load());
  return {
    graphs: {
      ids: () => [...graphIds],
      check: async (graphId) => (await runtime()).graphs.check(graphId),
      schemas: async (graphId) => (await runtime()).graphs.schemas(graphId),
      subgraphs: async (graphId, query) => (await runtime()).graphs.subgraphs(graphId, query),
      drawing: async (graphId, xray) => (await runtime()).graphs.drawing(graphId, xray),
    },
    states: {
      get: async (address, options) => (await runtime()).states.get(address, options),
      history: async (address, query) => (await runtime()).states.history(address, query),
      update: async (address, change) => (await runtime()).states.update(address, change),
      bulk: async (thread, supersteps) => (await runtime()).states.bulk(thread, supersteps),
      values: async (threadId, checkpointId) =>
        (await runtime()).states.values(threadId, checkpointId),
    },
    streams: {
      frames: async function* (run, query) {
        yield* (await runtime()).streams.frames(run, query);
      },
      protocol: async function* (run, query) {
        yield* (await runtime()).streams.protocol(run, query);
      },
      tree: async (run) => (await runtime()).streams.tree(run),
    },
    execute: async (run, attempt) => (await runtime()).execute(run, attempt),
  };
}
