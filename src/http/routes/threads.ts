import type { Context } from "../../context.ts";
import type { Thread } from "../../domain/thread.ts";
import { createThread } from "../../services/threads/create.ts";
import { deleteThread, patchThread } from "../../services/threads/change.ts";
import { getThread, searchThreads } from "../../services/threads/find.ts";
import { usageOfThreads } from "../../services/usage/totals.ts";
import { isWanted, pageHeaders, selected, threadJson } from "../present.ts";
import { type Route, route } from "../route.ts";
import { threadCreate, threadParams, threadPatch, threadSearch } from "../schemas.ts";

const whole = async (ctx: Context, thread: Thread) => {
  const { thread_id } = thread;
  const values = await ctx.states.values(thread_id);
  const usage = await usageOfThreads(ctx, [thread]);
  return threadJson(thread, values, usage.get(thread_id));
};

const noContent = (): Response => new Response(null, { status: 204 });

export const threadRoutes: Route[] = [
  route({
    method: "post",
    path: "/threads",
    summary: "Creates a thread",
    auth: "threads:create",
    creates: "thread",
    body: threadCreate,
    handle: async ({ ctx, body, creation }) => {
      const thread = creation?.isRepeat
        ? await getThread(ctx, { thread_id: creation.id })
        : await createThread(ctx, { ...body, thread_id: body.thread_id ?? creation?.id });
      return Response.json(
        body.if_exists === "do_nothing" ? await whole(ctx, thread) : threadJson(thread, null),
      );
    },
  }),
  route({
    method: "post",
    path: "/threads/search",
    summary: "Threads by id, metadata and status",
    auth: "threads:search",
    body: threadSearch,
    handle: async ({ ctx, body: { select, ids, metadata, status, ...page } }) => {
      const result = await searchThreads(ctx, { filter: { ids, metadata, status }, page });
      const usage = await usageOfThreads(ctx, isWanted("usage", select) ? result.rows : []);
      const rows = await Promise.all(
        result.rows.map(async (thread) => {
          const { thread_id } = thread;
          const values = isWanted("values", select) ? await ctx.states.values(thread_id) : null;
          return selected(threadJson(thread, values, usage.get(thread_id)), select);
        }),
      );
      return Response.json(rows, { headers: pageHeaders(result, page) });
    },
  }),
  route({
    method: "get",
    path: "/threads/:thread_id",
    summary: "One thread with its values",
    auth: "threads:read",
    params: threadParams,
    handle: async ({ ctx, params }) =>
      Response.json(await whole(ctx, await getThread(ctx, params))),
  }),
  route({
    method: "patch",
    path: "/threads/:thread_id",
    summary: "Merges metadata into a thread",
    auth: "threads:update",
    params: threadParams,
    body: threadPatch,
    handle: async ({ ctx, params, body, headers }) => {
      const thread = await patchThread(ctx, {
        ...params,
        metadata: body.metadata ?? {},
        ttl: body.ttl,
      });
      return headers.get("prefer")?.includes("return=minimal")
        ? noContent()
        : Response.json(await whole(ctx, thread));
    },
  }),
  route({
    method: "delete",
    path: "/threads/:thread_id",
    summary: "Deletes a thread with its runs and states",
    auth: "threads:delete",
    params: threadParams,
    handle: async ({ ctx, params }) => {
      await deleteThread(ctx, params);
      return noContent();
    },
  }),
];
