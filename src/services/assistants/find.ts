import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import { systemAssistantId } from "../../core/ids.ts";
import { mayUse, SERVER } from "../../domain/actor.ts";
import type { Assistant } from "../../domain/assistant.ts";
import { allowed } from "../access.ts";

/**
 * The assistant of a run. Those that stand for the graphs themselves belong to the server: whoever may
 * start runs may use them.
 */
export async function assistantToRun(
  ctx: Context,
  input: { assistant_id: string },
): Promise<Assistant> {
  const graphs = ctx.graphs.ids();
  const isSystem = [...graphs, ...graphs.map(systemAssistantId)].includes(input.assistant_id);
  const assistant = await getAssistant(isSystem ? { ...ctx, actor: SERVER } : ctx, input);
  checkGraph(ctx, assistant);
  return assistant;
}

/** An assistant by its id, or the system assistant of a graph by the graph's name. */
export async function getAssistant(
  ctx: Context,
  input: { assistant_id: string },
): Promise<Assistant> {
  const { assistant_id } = input;
  const id = ctx.graphs.ids().includes(assistant_id)
    ? systemAssistantId(assistant_id)
    : assistant_id;
  const access = await allowed(ctx, "assistants:read", { assistant_id: id });
  const assistant = await ctx.storage.assistants.find(id, access);
  if (!assistant) throw new NotFoundError("Assistant", assistant_id);
  checkGraph(ctx, assistant);
  return assistant;
}

/** A key may be limited to some graphs: it sees no other. */
function checkGraph({ actor }: Context, { assistant_id, graph_id }: Assistant): void {
  if (!mayUse(actor, "graphs", graph_id)) throw new NotFoundError("Assistant", assistant_id);
}
