import type { Context } from "../../context.ts";
import { ConflictError, NotFoundError } from "../../core/errors.ts";
import type { PageOf } from "../../domain/page.ts";
import type { Task, TaskFilter } from "../../domain/task.ts";
import { allowed } from "../access.ts";

export async function getTask(ctx: Context, input: { task_id: string }): Promise<Task> {
  const access = await allowed(ctx, "tasks:read", input);
  const task = await ctx.storage.tasks.find(input.task_id, access);
  if (!task) throw new NotFoundError("Task", input.task_id);
  return task;
}

export async function listTasks(
  ctx: Context,
  filter: TaskFilter,
  slice: { limit: number; offset: number },
): Promise<PageOf<Task>> {
  const access = await allowed(ctx, "tasks:search", { ...filter, ...slice });
  return ctx.storage.tasks.list({ ...filter, access }, slice);
}

/** Asks a task to end; one that has ended stays as it is. */
export async function cancelTask(ctx: Context, input: { task_id: string }): Promise<Task> {
  const access = await allowed(ctx, "tasks:update", input);
  const task = await ctx.storage.tasks.requestCancel(input.task_id, ctx.clock.now(), access);
  if (!task) throw new NotFoundError("Task", input.task_id);
  return task;
}

/** Deletes a task that has ended; the files that it made stay. */
export async function deleteTask(ctx: Context, input: { task_id: string }): Promise<void> {
  const access = await allowed(ctx, "tasks:delete", input);
  const isGone = await ctx.storage.tasks.delete(input.task_id, access);
  if (isGone === undefined) throw new NotFoundError("Task", input.task_id);
  if (!isGone) throw new ConflictError(`Task ${input.task_id} has not ended: cancel it first`);
}
