import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import { systemAssistantId } from "../../core/ids.ts";
import type { Assistant } from "../../domain/assistant.ts";

/** An assistant by its id, or the system assistant of a graph by the graph's name. */
export async function getAssistant(
  ctx: Context,
  input: { assistant_id: string },
): Promise<Assistant> {
  const { assistant_id } = input;
  const id = ctx.graphs.ids().includes(assistant_id)
    ? systemAssistantId(assistant_id)
    : assistant_id;
  const assistant = await ctx.storage.assistants.find(id);
  if (!assistant) throw new NotFoundError("Assistant", assistant_id);
  return assistant;
}
