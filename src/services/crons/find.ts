import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Cron, CronFilter, CronSort } from "../../domain/cron.ts";
import type { Page, PageOf } from "../../domain/page.ts";

export async function getCron(ctx: Context, input: { cron_id: string }): Promise<Cron> {
  const cron = await ctx.storage.crons.find(input.cron_id);
  if (!cron) throw new NotFoundError("Cron", input.cron_id);
  return cron;
}

export function searchCrons(
  ctx: Context,
  input: { filter: CronFilter; page: Page<CronSort> },
): Promise<PageOf<Cron>> {
  return ctx.storage.crons.search(input.filter, input.page);
}
