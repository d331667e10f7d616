import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import type { UsageFilter, UsageGroup, UsageReport } from "../../domain/usage.ts";
import { allowed } from "../access.ts";

/** Sums of what was used; who is no admin sees only its own. */
export async function reportUsage(
  ctx: Context,
  query: { group_by: UsageGroup; filter: UsageFilter; limit: number; offset: number },
): Promise<UsageReport> {
  const { group_by, filter, ...page } = query;
  await allowed(ctx, "usage:read", { group_by, ...filter });
  const { from_day, to_day } = filter;
  if (from_day !== undefined && to_day !== undefined && from_day > to_day)
    throw new AppError("validation", "query.from: it is later than to");
  return ctx.storage.usage.report({ group_by, filter: { ...filter, ...ownerOf(ctx) }, ...page });
}

/** Whose calls the actor is limited to; nobody's where it may see all. */
export function ownerOf({ actor }: Context): { owner?: string } {
  const seesAll = actor.user === null || actor.user.is_admin === true;
  return seesAll ? {} : { owner: actor.identity };
}
