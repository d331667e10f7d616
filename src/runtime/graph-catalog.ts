import {
  getConfigTypeSchema,
  getInputTypeSchema,
  getOutputTypeSchema,
  getStateTypeSchema,
} from "@langchain/langgraph/zod/schema";
import type { JsonObject } from "../core/json.ts";
import type { Graphs } from "../context.ts";
import type { Graph, GraphLoader } from "./load-graphs.ts";
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
    const graph = await this.#loader.get(graphId, {});
    const context = schemaOf(() => getConfigTypeSchema(graph));
    return {
      graph_id: graphId,
      input_schema: schemaOf(() => getInputTypeSchema(graph)),
      output_schema: schemaOf(() => getOutputTypeSchema(graph)),
      state_schema: schemaOf(() => getStateTypeSchema(graph)),
      config_schema: context,
      context_schema: context,
    };
  }

  async drawing(graphId: string, xray: boolean | number): Promise<JsonObject> {
    const graph: Graph = await this.#loader.get(graphId, {});
    const drawing = await graph.getGraphAsync({ xray });
    // toJSON of a drawing is an object of nodes and edges.
    return toJson(drawing.toJSON()) as JsonObject;
  }
}

/** A JSON schema, or null for a graph whose state is not described by a schema JSON can express. */
function schemaOf(read: () => unknown): JsonObject | null {
  try {
    const schema = read();
    return schema === undefined ? null : (toJson(schema) as JsonObject);
  } catch {
    return null;
  }
}
