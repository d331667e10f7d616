import type { JsonObject } from "../core/json.ts";
import type { Graphs } from "../context.ts";
import { schemasOf } from "./graph-schemas.ts";
import type { GraphLoader } from "./load-graphs.ts";
import { toJson } from "./wire.ts";

/** What clients see of the graphs: schemas and pictures. */
export class GraphCatalog implements Graphs {
  readonly #loader: GraphLoader;

  constructor(loader: GraphLoader) {
    this.#loader = loader;
  }

  ids(): string[] {
    return this.#loader.ids();
  }

  check(graphId: string): Promise<void> {
    return this.#loader.check(graphId);
  }

  async schemas(graphId: string): Promise<JsonObject> {
    return { graph_id: graphId, ...schemasOf(await this.#loader.get(graphId, {})) };
  }

  async subgraphs(
    graphId: string,
    { namespace, recurse }: { namespace?: string | undefined; recurse: boolean },
  ): Promise<JsonObject> {
    const graph = await this.#loader.get(graphId, {});
    const found: JsonObject = {};
    // LangGraph finds what is further down only by recursion.
    const isDeep = recurse || namespace?.includes("|") === true;
    for await (const [name, subgraph] of graph.getSubgraphsAsync(namespace, isDeep)) {
      // What stands in a node is a compiled graph like the one around it.
      found[name] = { graph_id: graphId, ...schemasOf(subgraph as typeof graph) };
    }
    return found;
  }

  async drawing(graphId: string, xray: boolean | number): Promise<JsonObject> {
    const graph = await this.#loader.get(graphId, {});
    const drawing = await graph.getGraphAsync({ xray });
    // toJSON of a drawing is an object of nodes and edges.
    return toJson(drawing.toJSON()) as JsonObject;
  }
}
