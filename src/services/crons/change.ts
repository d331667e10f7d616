import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Cron, CronPayloadChange } from "../../domain/cron.ts";
import { getAssistant } from "../assistants/find.ts";
import { checkWebhook } from "../maintenance/check-webhook.ts";
import { type CreateCron, firstSlot } from "./create.ts";
import { getCron } from "./find.ts";

export type PatchCron = Partial<Omit<CreateCron, "cron_id" | "thread_id" | "payload">> & {
  cron_id: string;
  payload: CronPayloadChange;
};

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the fields that are undefined. */
const given = <T extends object>(fields: T): Given<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;

/** Sets the fields given; a new schedule, zone or end, or a new start, counts from now. */
export async function patchCron(ctx: Context, input: PatchCron): Promise<Cron> {
  const { cron_id, payload: payloadChange, metadata, ...rest } = input;
  const before = await getCron(ctx, { cron_id });
  const now = ctx.clock.now();
  const payload = { ...before.payload, ...given(payloadChange) };
  checkWebhook(ctx, payloadChange.webhook);
  const { assistant_id } =
    payloadChange.assistant_id === undefined ? before : await getAssistant(ctx, payload);
  const after = { ...before, ...given(rest) };
  const isRescheduled =
    after.schedule !== before.schedule ||
    after.timezone !== before.timezone ||
    after.end_time !== before.end_time ||
    (after.enabled && !before.enabled);
  const cron = await ctx.storage.crons.patch(cron_id, {
    ...given(rest),
    ...(metadata ? { metadata } : {}),
    assistant_id,
    payload: { ...payload, assistant_id },
    ...(isRescheduled ? { next_run_at: firstSlot(after, now) } : {}),
    updated_at: now,
  });
  if (!cron) throw new NotFoundError("Cron", cron_id);
  return cron;
}

export async function deleteCron(ctx: Context, input: { cron_id: string }): Promise<void> {
  if (!(await ctx.storage.crons.delete(input.cron_id)))
    throw new NotFoundError("Cron", input.cron_id);
}
