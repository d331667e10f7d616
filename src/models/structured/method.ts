import type { Model } from "../model.ts";

/** The ways to get an answer in a shape. */
export type StructuredMethod = "json_schema" | "json_object" | "tool" | "prompt";

/** LangChain's names of the methods. */
const BY_NAME: Readonly<Record<string, StructuredMethod>> = {
  jsonSchema: "json_schema",
  jsonMode: "json_object",
  functionCalling: "tool",
};

/** The method that a caller names, by LangChain's name or ours. */
export const methodNamed = (name: string | undefined): StructuredMethod | undefined =>
  name === undefined ? undefined : (BY_NAME[name] ?? METHODS.find((known) => known === name));

const METHODS: readonly StructuredMethod[] = ["json_schema", "json_object", "tool", "prompt"];

/**
 * How a model is asked for a shape: as the caller or the model file says, else by the best that the
 * provider can do; a schema that the server enforces before a tool, a tool before words.
 */
export function structuredMethodOf(model: Model, wanted?: StructuredMethod): StructuredMethod {
  const { structured_output: configured = "auto", capabilities = {} } = model.fields;
  if (wanted !== undefined) return wanted;
  if (configured !== "auto") return configured;
  const modes = model.dialect.jsonModes?.(model.modelName) ?? [];
  const can = (mode: "json_schema" | "json_object"): boolean => {
    const stated = capabilities[mode];
    return typeof stated === "boolean" ? stated : modes.includes(mode);
  };
  if (can("json_schema")) return "json_schema";
  if (capabilities.tools !== false) return "tool";
  return can("json_object") ? "json_object" : "prompt";
}
