import type { Context } from "../../context.ts";
import type { Assistant, AssistantFilter, AssistantSort } from "../../domain/assistant.ts";
import type { Page, PageOf } from "../../domain/page.ts";

export function searchAssistants(
  ctx: Context,
  input: { filter: AssistantFilter; page: Page<AssistantSort> },
): Promise<PageOf<Assistant>> {
  return ctx.storage.assistants.search(input.filter, input.page);
}
