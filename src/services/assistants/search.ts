import type { Context } from "../../context.ts";
import type { Assistant, AssistantFilter, AssistantSort } from "../../domain/assistant.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import { allowed } from "../access.ts";

export async function searchAssistants(
  ctx: Context,
  input: { filter: AssistantFilter; page: Page<AssistantSort> },
): Promise<PageOf<Assistant>> {
  const access = await allowed(ctx, "assistants:search", { ...input.filter, ...input.page });
  return ctx.storage.assistants.search({ ...input.filter, access }, input.page);
}
