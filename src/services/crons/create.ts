import type { Context } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import { AppError } from "../../core/errors.ts";
import { nextSlot, type Cron, type CronPayload } from "../../domain/cron.ts";
import { checkWebhook } from "../maintenance/check-webhook.ts";
import { allowedToCreate } from "../access.ts";
import { assistantToRun } from "../assistants/find.ts";
import { getThread } from "../threads/find.ts";

export interface CreateCron {
  /** The id the cron shall have, for a creation that may be tried again. */
  cron_id?: string | undefined;
  /** Undefined for runs that each get a thread of their own. */
  thread_id?: string | undefined;
  schedule: string;
  timezone?: string | undefined;
  end_time?: number | undefined;
  enabled?: boolean | undefined;
  on_run_completed?: "delete" | "keep" | undefined;
  metadata?: JsonObject | undefined;
  payload: CronPayload;
}

/** The next slot of a schedule that must have one. */
export function firstSlot(
  schedule: Pick<Cron, "schedule" | "timezone" | "end_time">,
  now: number,
): number {
  const slot = nextSlot(schedule, now);
  if (slot !== null) return slot;
  throw new AppError(
    "validation",
    `schedule: ${JSON.stringify(schedule.schedule)} has no time to come before its end`,
  );
}

/** Keeps a cron; refused when its schedule, time zone, assistant, thread or webhook is not right. */
export async function createCron(ctx: Context, input: CreateCron): Promise<Cron> {
  const now = ctx.clock.now();
  const when = {
    schedule: input.schedule,
    timezone: input.timezone ?? null,
    end_time: input.end_time ?? null,
  };
  const next_run_at = firstSlot(when, now);
  checkWebhook(ctx, input.payload.webhook);
  const cron_id = input.cron_id ?? newId();
  const { metadata } = await allowedToCreate(ctx, "crons:create", { ...input, cron_id });
  const { assistant_id } = await assistantToRun(ctx, input.payload);
  const { thread_id } = input;
  if (thread_id !== undefined) await getThread(ctx, { thread_id }, "create_run");
  const cron: Cron = {
    cron_id,
    assistant_id,
    thread_id: thread_id ?? null,
    ...when,
    enabled: input.enabled ?? true,
    on_run_completed: input.on_run_completed ?? "delete",
    payload: { ...input.payload, assistant_id },
    metadata,
    created_by: ctx.actor.user,
    next_run_at,
    created_at: now,
    updated_at: now,
  };
  await ctx.storage.crons.create(cron);
  return cron;
}
