import { noContent } from "../no-content.ts";
import { taskJson } from "../../domain/task.ts";
import { createTask } from "../../services/tasks/create.ts";
import { cancelTask, deleteTask, getTask, listTasks } from "../../services/tasks/find.ts";
import { pageHeaders } from "../present.ts";
import { type Route, route } from "../route.ts";
import { taskCreate, taskList, taskParams } from "../task-schemas.ts";
import { listOf } from "../answers/parts.ts";
import { task } from "../answers/operations.ts";

export const taskRoutes: Route[] = [
  route({
    method: "post",
    path: "/tasks",
    summary: "Has a model make something in the background",
    auth: "tasks:create",
    creates: "task",
    body: taskCreate,
    response: task,
    handle: async ({ ctx, body, creation }) => {
      const task = creation?.isRepeat
        ? await getTask(ctx, { task_id: creation.id })
        : await createTask(ctx, { ...body, task_id: creation?.id });
      return Response.json(taskJson(task));
    },
  }),
  route({
    method: "get",
    path: "/tasks",
    summary: "Tasks by kind, status and model, newest first",
    auth: "tasks:search",
    query: taskList,
    response: listOf(task),
    handle: async ({ ctx, query: { limit, offset, ...filter } }) => {
      const page = { limit, offset };
      const result = await listTasks(ctx, filter, page);
      return Response.json(result.rows.map(taskJson), { headers: pageHeaders(result, page) });
    },
  }),
  route({
    method: "get",
    path: "/tasks/:task_id",
    summary: "One task, with its result once it has ended",
    auth: "tasks:read",
    params: taskParams,
    response: task,
    handle: async ({ ctx, params }) => Response.json(taskJson(await getTask(ctx, params))),
  }),
  route({
    method: "post",
    path: "/tasks/:task_id/cancel",
    summary: "Asks a task to end; one that has ended stays as it is",
    auth: "tasks:update",
    params: taskParams,
    response: task,
    handle: async ({ ctx, params }) => Response.json(taskJson(await cancelTask(ctx, params))),
  }),
  route({
    method: "delete",
    path: "/tasks/:task_id",
    summary: "Deletes a task that has ended; its files stay",
    auth: "tasks:delete",
    params: taskParams,
    response: "nothing",
    handle: async ({ ctx, params }) => {
      await deleteTask(ctx, params);
      return noContent();
    },
  }),
];
