import {
  getConfigTypeSchema,
  getInputTypeSchema,
  getOutputTypeSchema,
  getStateTypeSchema,
} from "@langchain/langgraph/zod/schema";
import { isJsonObject, type JsonObject } from "../core/json.ts";
import type { Graph } from "./load-graphs.ts";
import { toJson } from "./wire.ts";

const described = new WeakMap<Graph, JsonObject>();

/** JSON schemas of a graph's input, output, state, config and context; `{}` where it has none to show. */
export function schemasOf(graph: Graph): JsonObject {
  const known = described.get(graph);
  if (known) return known;
  const context = schemaOf(() => getConfigTypeSchema(graph)) ?? {};
  const schemas = {
    input_schema: schemaOf(() => getInputTypeSchema(graph)) ?? keysOf(graph, "_inputDefinition"),
    output_schema: schemaOf(() => getOutputTypeSchema(graph)) ?? keysOf(graph, "_outputDefinition"),
    state_schema: schemaOf(() => getStateTypeSchema(graph)) ?? keysOf(graph, "_schemaDefinition"),
    config_schema: context,
    context_schema: context,
  };
  described.set(graph, schemas);
  return schemas;
}

/** A JSON schema, or nothing for what is not described by a schema that JSON can express. */
function schemaOf(read: () => unknown): JsonObject | undefined {
  try {
    const schema = toJson(read());
    return isJsonObject(schema) ? schema : undefined;
  } catch {
    return undefined;
  }
}

/** The names of channels that are declared without a schema, as annotations are. */
function keysOf(graph: Graph, definition: string): JsonObject {
  const builder: unknown = graph.builder;
  if (typeof builder !== "object" || builder === null) return {};
  const channels: unknown = Reflect.get(builder, definition);
  if (typeof channels !== "object" || channels === null) return {};
  const properties = Object.keys(channels).map((name) => [name, {}] as const);
  return properties.length === 0
    ? {}
    : { type: "object", properties: Object.fromEntries(properties) };
}
