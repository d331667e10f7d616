import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { CompiledStateGraph } from "@langchain/langgraph";
import { AppError, NotFoundError, reasonOf } from "../core/errors.ts";
import type { GraphSource } from "../config/langgraph-file.ts";

// The type parameters of a foreign graph are not known here; its values are only passed through.
// oxlint-disable-next-line typescript/no-explicit-any
export type Graph = CompiledStateGraph<any, any, any, any, any, any>;

export type GraphFactory = (config: Record<string, unknown>) => unknown;

interface Loaded {
  graph?: Graph;
  factory?: GraphFactory;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
const has = (value: unknown, method: string): boolean =>
  isObject(value) && typeof value[method] === "function";

/** A compiled graph is known by its methods, since it may come from another copy of LangGraph. */
const isCompiled = (value: unknown): value is Graph =>
  has(value, "stream") && has(value, "getState") && has(value, "updateState");
const isBuilder = (value: unknown): value is { compile(): Graph } =>
  has(value, "compile") && has(value, "addNode");

/** The graphs of langgraph.json: each module is imported once, at the first use of its graph. */
export class GraphLoader {
  readonly #sources: ReadonlyMap<string, GraphSource>;
  readonly #loaded = new Map<string, Promise<Loaded>>();

  constructor(sources: readonly GraphSource[]) {
    this.#sources = new Map(sources.map((source) => [source.graph_id, source]));
  }

  ids(): string[] {
    return [...this.#sources.keys()];
  }

  /** Rejects with what is wrong when the graph cannot be loaded. */
  async check(graphId: string): Promise<void> {
    await this.#load(graphId);
  }

  /** The graph as compiled by its author; a factory is called with the config of the run. */
  async get(graphId: string, config: Record<string, unknown>): Promise<Graph> {
    const loaded = await this.#load(graphId);
    if (loaded.graph) return loaded.graph;
    try {
      return compiled(await loaded.factory?.(config), graphId);
    } catch (error) {
      throw error instanceof AppError
        ? error
        : unusable(graphId, `its factory failed: ${reasonOf(error)}`, error);
    }
  }

  #load(graphId: string): Promise<Loaded> {
    const source = this.#sources.get(graphId);
    if (!source) return Promise.reject(new NotFoundError("Graph", graphId));
    let loading = this.#loaded.get(graphId);
    if (!loading) this.#loaded.set(graphId, (loading = importGraph(source)));
    return loading;
  }
}

async function importGraph({ graph_id, file, exportName }: GraphSource): Promise<Loaded> {
  if (!existsSync(file)) throw unusable(graph_id, `${file} does not exist`);
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw unusable(graph_id, `${file} failed on import: ${reasonOf(error)}`, error);
  }
  const value = await module[exportName];
  if (value === undefined)
    throw unusable(graph_id, `${file} has no export named ${JSON.stringify(exportName)}`);
  // A function is handed over as it is: what it makes is looked at when it is called.
  return typeof value === "function"
    ? { factory: value as GraphFactory }
    : { graph: compiled(value, graph_id) };
}

function compiled(value: unknown, graphId: string): Graph {
  if (isCompiled(value)) return value;
  if (isBuilder(value)) return value.compile();
  throw unusable(graphId, "its export is not a graph, a graph builder or a factory of one");
}

const unusable = (graphId: string, why: string, cause?: unknown): AppError =>
  new AppError("graph_unavailable", `Graph ${JSON.stringify(graphId)} cannot be used: ${why}`, {
    cause,
  });
