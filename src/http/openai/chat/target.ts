import type { Context } from "../../../context.ts";
import { AppError, NotFoundError } from "../../../core/errors.ts";
import { getAssistant } from "../../../services/assistants/find.ts";
import { searchAssistants } from "../../../services/assistants/search.ts";

const GRAPH = "graph:";

/** What the `model` of a request names: a model config, or an assistant of a graph. */
export type Target = { kind: "model"; id: string } | { kind: "assistant"; assistant_id: string };

/** Models come first; `graph:<id>` names a graph, and any other name an assistant by its id or name. */
export async function targetOf(ctx: Context, name: string): Promise<Target> {
  if (ctx.modelCalls.isModel(name)) return { kind: "model", id: name };
  const assistant_id = await assistantNamed(ctx, name);
  if (assistant_id !== undefined) return { kind: "assistant", assistant_id };
  throw new AppError("validation", `The model ${JSON.stringify(name)} does not exist`, {
    details: { unknown_model: name },
  });
}

async function assistantNamed(ctx: Context, name: string): Promise<string | undefined> {
  const id = name.startsWith(GRAPH) ? name.slice(GRAPH.length) : name;
  try {
    return (await getAssistant(ctx, { assistant_id: id })).assistant_id;
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
  const page = { limit: 100, offset: 0, sort_by: "created_at", sort_order: "asc" } as const;
  const { rows } = await searchAssistants(ctx, { filter: { name }, page });
  return rows.find((assistant) => assistant.name === name)?.assistant_id;
}
