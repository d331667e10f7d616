import { noContent } from "../no-content.ts";
import type { Context } from "../../context.ts";
import type { Thread } from "../../domain/thread.ts";
import { isTooFarBehind } from "../../services/runs/join.ts";
import { createThread } from "../../services/threads/create.ts";
import { deleteThread, patchThread } from "../../services/threads/change.ts";
import { copyThread } from "../../services/threads/copy.ts";
import { getThread } from "../../services/threads/find.ts";
import { countThreads, searchThreads } from "../../services/threads/search.ts";
import { followThread } from "../../services/threads/stream.ts";
import { usageOfThreads } from "../../services/usage/totals.ts";
import { extracted, isWanted, pageHeaders, selected, threadJson } from "../present.ts";
import { type Route, route } from "../route.ts";
import { threadParams } from "../schemas.ts";
import { sse } from "../stream.ts";
import {
  threadCount,
  threadCreate,
  threadGet,
  threadPatch,
  threadSearch,
  threadStream,
} from "../thread-schemas.ts";
import { count, listOf } from "../answers/parts.ts";
import { foundThread, thread as threadAnswer } from "../answers/threads.ts";

const whole = async (ctx: Context, thread: Thread) => {
  const { thread_id } = thread;
  const values = await ctx.states.values(thread_id);
  const usage = await usageOfThreads(ctx, [thread]);
  return threadJson(thread, values, usage.get(thread_id));
};

export const threadRoutes: Route[] = [
  route({
    method: "post",
    path: "/threads",
    summary: "Creates a thread",
    auth: "threads:create",
    creates: "thread",
    body: threadCreate,
    response: threadAnswer,
    handle: async ({ ctx, body, creation }) => {
      const thread = creation?.isRepeat
        ? await getThread(ctx, { thread_id: creation.id })
        : await createThread(ctx, { ...body, thread_id: body.thread_id ?? creation?.id });
      if (body.if_exists !== "do_nothing" && !body.supersteps?.length)
        return Response.json(threadJson(thread, null));
      return Response.json(await whole(ctx, await getThread(ctx, thread)));
    },
  }),
  route({
    method: "post",
    path: "/threads/search",
    summary: "Threads by id, metadata and status",
    auth: "threads:search",
    body: threadSearch,
    response: listOf(foundThread),
    handle: async ({ ctx, body }) => {
      const { select, extract, ids, metadata, values, status, ...page } = body;
      const filter = { ids, metadata, values, status };
      const result = await searchThreads(ctx, { filter, page });
      const usage = await usageOfThreads(ctx, isWanted("usage", select) ? result.rows : []);
      const needsValues = isWanted("values", select) || extract !== undefined;
      const rows = await Promise.all(
        result.rows.map(async (row) => {
          const { thread_id } = row;
          const state = needsValues ? await ctx.states.values(thread_id) : null;
          const thread = threadJson(row, state, usage.get(thread_id));
          return { ...selected(thread, select), ...(extract ? extracted(thread, extract) : {}) };
        }),
      );
      return Response.json(rows, { headers: pageHeaders(result, page) });
    },
  }),
  route({
    method: "post",
    path: "/threads/count",
    summary: "How many threads a search finds",
    auth: "threads:search",
    body: threadCount,
    response: count,
    handle: async ({ ctx, body }) => Response.json(await countThreads(ctx, body)),
  }),
  route({
    method: "get",
    path: "/threads/:thread_id",
    summary: "One thread with its values",
    auth: "threads:read",
    params: threadParams,
    query: threadGet,
    response: threadAnswer,
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
    response: [threadAnswer, "nothing"],
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
    response: "nothing",
    handle: async ({ ctx, params }) => {
      await deleteThread(ctx, params);
      return noContent();
    },
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/copy",
    summary: "A new thread with the metadata and all states of another",
    auth: "threads:create",
    params: threadParams,
    response: threadAnswer,
    handle: async ({ ctx, params }) =>
      Response.json(await whole(ctx, await copyThread(ctx, params))),
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/stream",
    summary: "What happens in a thread over all its runs; stays open",
    auth: "threads:read",
    params: threadParams,
    query: threadStream,
    response: "events",
    handle: async ({ ctx, params, query: modes, headers, drop }) => {
      const controller = new AbortController();
      const after = headers.get("last-event-id") ?? undefined;
      const stream = { ...params, modes, after, signal: controller.signal };
      return sse(await followThread(ctx, stream), {
        heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
        headers: { location: `/threads/${params.thread_id}/stream?stream_modes=${modes.join()}` },
        controller,
        onLeave: () => undefined,
        onFailure: (error) => ctx.log.error({ err: error, ...params }, "a stream broke off"),
        isTooFarBehind: async (id = "") => {
          const [run_id, frame] = id.split(":");
          return run_id !== undefined && (await isTooFarBehind(ctx, { run_id }, frame));
        },
        drop,
      });
    },
  }),
];
