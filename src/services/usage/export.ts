import type { Context } from "../../context.ts";
import type { CallFilter, ModelCall } from "../../domain/usage.ts";
import { allowed } from "../access.ts";
import { ownerOf } from "./report.ts";

/** Calls of one read: some of them are on their way while the next ones are read. */
const PAGE = 500;

/** Every recorded call, oldest first, in pages; who is no admin gets only its own. */
export async function exportCalls(
  ctx: Context,
  filter: CallFilter,
): Promise<AsyncGenerator<ModelCall[], void>> {
  await allowed(ctx, "usage:read", { ...filter });
  return pages(ctx, { ...filter, ...ownerOf(ctx) });
}

async function* pages(ctx: Context, filter: CallFilter): AsyncGenerator<ModelCall[], void> {
  let after: Pick<ModelCall, "started_at" | "call_id"> | undefined;
  for (;;) {
    const calls = await ctx.storage.usage.calls({ filter, after, limit: PAGE });
    if (calls.length > 0) yield calls;
    after = calls.at(-1);
    if (calls.length < PAGE) return;
  }
}
