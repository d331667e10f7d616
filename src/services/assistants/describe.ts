import type { Context } from "../../context.ts";
import type { JsonObject } from "../../core/json.ts";
import { getAssistant } from "./find.ts";

/** JSON schemas of an assistant's graph: input, output, state, config and context. */
export async function getSchemas(
  ctx: Context,
  input: { assistant_id: string },
): Promise<JsonObject> {
  const { graph_id } = await getAssistant(ctx, input);
  return ctx.graphs.schemas(graph_id);
}

/** The schemas of the subgraphs of an assistant's graph, by namespace. */
export async function getSubgraphs(
  ctx: Context,
  input: { assistant_id: string; namespace?: string | undefined; recurse: boolean },
): Promise<JsonObject> {
  const { graph_id } = await getAssistant(ctx, input);
  return ctx.graphs.subgraphs(graph_id, input);
}

/** Nodes and edges of an assistant's graph. */
export async function getDrawing(
  ctx: Context,
  input: { assistant_id: string; xray: boolean | number },
): Promise<JsonObject> {
  const { graph_id } = await getAssistant(ctx, input);
  return ctx.graphs.drawing(graph_id, input.xray);
}
