import type { Context } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Task } from "../../domain/task.ts";
import type { TaskYield } from "../../models/task/model-tasks-port.ts";
import type { TaskEnd } from "../../storage/task-port.ts";
import { fileUrl } from "../files/keep.ts";

/** Ends a task with what is given; a process that has lost it changes nothing. */
export async function endTask(
  ctx: Context,
  task: Task,
  end: Pick<TaskEnd, "status"> & Partial<TaskEnd>,
): Promise<void> {
  const whole = { result: null, error: null, files: [], ...end };
  const isKept = await ctx.storage.tasks.finish(task, whole, ctx.clock.now());
  const { task_id, model } = task;
  if (!isKept) ctx.log.warn({ task_id, model }, "a task was ended by another process");
}

/** The result of a task, and the files that it is kept in: whoever may see the task may see them. */
export function yieldOf(
  ctx: Context,
  task: Task,
  made: TaskYield,
): Pick<TaskEnd, "result" | "files"> {
  if (made.kind === "chat") return { result: made.answer, files: [] };
  const files = made.images.map(({ bytes, contentType }) => ({
    file: {
      file_id: newId(),
      content_type: contentType,
      size: bytes.length,
      metadata: task.metadata,
      created_at: ctx.clock.now(),
    },
    bytes,
  }));
  const images = files.map(({ file: { file_id, content_type } }, index): JsonObject => {
    const revised = made.images[index]?.revisedPrompt;
    return {
      file_id,
      url: fileUrl(ctx, file_id),
      content_type,
      ...(revised === undefined ? {} : { revised_prompt: revised }),
    };
  });
  return { result: { images }, files };
}
