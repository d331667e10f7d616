import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import { mayUse } from "../../domain/actor.ts";
import type { Task, TaskWork } from "../../domain/task.ts";
import { allowedToCreate } from "../access.ts";
import { checkWebhook } from "../maintenance/check-webhook.ts";

export type CreateTask = TaskWork & {
  /** The id the task shall have, for a creation that may be tried again. */
  task_id?: string | undefined;
  /** The default of the kind where not given. */
  model?: string | undefined;
  webhook?: string | undefined;
  metadata?: JsonObject | undefined;
};

/** Keeps a task, which is then made in the background; refused when it could never be. */
export async function createTask(ctx: Context, input: CreateTask): Promise<Task> {
  const { kind, webhook } = input;
  const task_id = input.task_id ?? newId();
  const { metadata } = await allowedToCreate(ctx, "tasks:create", { ...input, task_id });
  checkWebhook(ctx, webhook);
  const model = ctx.modelCalls.tasks.check(input, input.model);
  if (!mayUse(ctx.actor, "models", model))
    throw new AppError("forbidden", `The key is not for model ${JSON.stringify(model)}`);
  const now = ctx.clock.now();
  const work: TaskWork =
    kind === "chat" ? { kind, input: input.input } : { kind, input: input.input };
  const task: Task = {
    ...work,
    task_id,
    model,
    status: "pending",
    result: null,
    error: null,
    metadata,
    webhook: webhook ?? null,
    created_by: ctx.actor.user,
    fallback: null,
    provider_task_id: null,
    cancel_requested: false,
    is_asking: false,
    resubmitted: false,
    attempts: 0,
    epoch: 0,
    lease_until: 0,
    next_at: now,
    deadline_at: null,
    asked_at: null,
    created_at: now,
    updated_at: now,
  };
  await ctx.storage.tasks.create(task);
  return task;
}
