import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Cron, CronFilter, CronSort } from "../../domain/cron.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import { allowed } from "../access.ts";

export async function getCron(ctx: Context, input: { cron_id: string }): Promise<Cron> {
  const access = await allowed(ctx, "crons:read", input);
  const cron = await ctx.storage.crons.find(input.cron_id, access);
  if (!cron) throw new NotFoundError("Cron", input.cron_id);
  return cron;
}

export async function searchCrons(
  ctx: Context,
  input: { filter: CronFilter; page: Page<CronSort> },
): Promise<PageOf<Cron>> {
  const access = await allowed(ctx, "crons:search", { ...input.filter, ...input.page });
  return ctx.storage.crons.search({ ...input.filter, access }, input.page);
}
