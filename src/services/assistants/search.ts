import type { Context } from "../../context.ts";
import type { JsonObject } from "../../core/json.ts";
import type {
  Assistant,
  AssistantFilter,
  AssistantSort,
  AssistantVersion,
} from "../../domain/assistant.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import { allowed } from "../access.ts";
import { getAssistant } from "./find.ts";

export async function searchAssistants(
  ctx: Context,
  input: { filter: AssistantFilter; page: Page<AssistantSort> },
): Promise<PageOf<Assistant>> {
  const access = await allowed(ctx, "assistants:search", { ...input.filter, ...input.page });
  const graphs = ctx.actor.user?.graphs;
  return ctx.storage.assistants.search({ ...input.filter, graphs, access }, input.page);
}

export async function countAssistants(ctx: Context, filter: AssistantFilter): Promise<number> {
  const access = await allowed(ctx, "assistants:search", { ...filter });
  const graphs = ctx.actor.user?.graphs;
  return ctx.storage.assistants.count({ ...filter, graphs, access });
}

/** What an assistant was in each of its versions, newest first. */
export async function listVersions(
  ctx: Context,
  input: {
    assistant_id: string;
    limit: number;
    offset: number;
    metadata?: JsonObject | undefined;
  },
): Promise<AssistantVersion[]> {
  const { assistant_id } = await getAssistant(ctx, input);
  return ctx.storage.assistants.versions(assistant_id, input);
}
