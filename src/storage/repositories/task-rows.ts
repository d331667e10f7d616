import type { Task } from "../../domain/task.ts";
import { fromJson, fromJsonOrNull, jsonOrNull } from "../json-column.ts";
import type { TaskRow } from "../task-schema.ts";

// Only `fromTask` writes kind and input, which belong together.
const workOf = ({ kind, input }: TaskRow) =>
  ({ kind, input: fromJson(input) }) as Pick<Task, "kind" | "input">;

export const toTask = (row: TaskRow): Task =>
  ({
    ...row,
    ...workOf(row),
    result: fromJsonOrNull(row.result),
    metadata: fromJson(row.metadata),
    created_by: fromJsonOrNull(row.created_by),
    fallback: fromJsonOrNull(row.fallback),
    cancel_requested: row.cancel_requested === 1,
    is_asking: row.is_asking === 1,
    resubmitted: row.resubmitted === 1,
  }) as Task;

export const fromTask = (task: Task): TaskRow => ({
  ...task,
  input: JSON.stringify(task.input),
  result: jsonOrNull(task.result),
  metadata: JSON.stringify(task.metadata),
  created_by: jsonOrNull(task.created_by),
  fallback: jsonOrNull(task.fallback),
  cancel_requested: task.cancel_requested ? 1 : 0,
  is_asking: task.is_asking ? 1 : 0,
  resubmitted: task.resubmitted ? 1 : 0,
});
