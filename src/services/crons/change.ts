import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import { given } from "../../core/given.ts";
import type { Cron, CronPayloadChange } from "../../domain/cron.ts";
import { checkWebhook } from "../maintenance/check-webhook.ts";
import { allowed, allowedWith } from "../access.ts";
import { assistantToRun } from "../assistants/find.ts";
import { type CreateCron, firstSlot } from "./create.ts";

export type PatchCron = Partial<Omit<CreateCron, "cron_id" | "thread_id" | "payload">> & {
  cron_id: string;
  payload: CronPayloadChange;
};

/** Sets the fields given; a new schedule, zone or end, or a new start, counts from now. */
export async function patchCron(ctx: Context, input: PatchCron): Promise<Cron> {
  const { cron_id, payload: payloadChange, metadata: asked, ...rest } = input;
  const { filter, value } = await allowedWith(ctx, "crons:update", {
    ...input,
    metadata: asked && { ...asked },
  });
  const { metadata } = value;
  const before = await ctx.storage.crons.find(cron_id, filter);
  if (!before) throw new NotFoundError("Cron", cron_id);
  const now = ctx.clock.now();
  const payload = { ...before.payload, ...given(payloadChange) };
  checkWebhook(ctx, payloadChange.webhook);
  const { assistant_id } =
    payloadChange.assistant_id === undefined ? before : await assistantToRun(ctx, payload);
  const after = { ...before, ...given(rest) };
  const isRescheduled =
    after.schedule !== before.schedule ||
    after.timezone !== before.timezone ||
    after.end_time !== before.end_time ||
    (after.enabled && !before.enabled);
  const change = {
    ...given(rest),
    ...(metadata ? { metadata } : {}),
    assistant_id,
    payload: { ...payload, assistant_id },
    ...(isRescheduled ? { next_run_at: firstSlot(after, now) } : {}),
    updated_at: now,
  };
  const cron = await ctx.storage.crons.patch(cron_id, change, filter);
  if (!cron) throw new NotFoundError("Cron", cron_id);
  return cron;
}

export async function deleteCron(ctx: Context, input: { cron_id: string }): Promise<void> {
  const access = await allowed(ctx, "crons:delete", input);
  if (!(await ctx.storage.crons.delete(input.cron_id, access)))
    throw new NotFoundError("Cron", input.cron_id);
}
