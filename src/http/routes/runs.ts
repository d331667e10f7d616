import type { Context } from "../../context.ts";
import type { Run } from "../../domain/run.ts";
import { cancelRun, deleteRun } from "../../services/runs/cancel.ts";
import { createRun } from "../../services/runs/create.ts";
import {
  ended,
  followRun,
  isTooFarBehind,
  type JoinStream,
  leaveRun,
  resultOf,
} from "../../services/runs/join.ts";
import { getRun, listRuns } from "../../services/runs/read.ts";
import { runJson, selected } from "../present.ts";
import { type ApiRequest, type Route, route } from "../route.ts";
import {
  cancelQuery,
  joinQuery,
  runCreate,
  type RunCreate,
  runList,
  runParams,
  statelessRunParams,
  threadParams,
} from "../schemas.ts";
import { lateJson, sse, type StreamOptions } from "../stream.ts";

interface Reply {
  ctx: Context;
  run: Run;
  /** Path of the run as its client knows it. */
  path: string;
  leaves: "cancel" | "continue";
  status?: number;
}

const pathOf = (run: Run, isStateless: boolean): string =>
  isStateless ? `/runs/${run.run_id}` : `/threads/${run.thread_id}/runs/${run.run_id}`;

function streamOptions(
  { ctx, run, path, leaves }: Reply,
  controller: AbortController,
): StreamOptions {
  return {
    heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
    headers: { "content-location": path, location: `${path}/stream` },
    controller,
    onFailure: (error) => ctx.log.error({ err: error, run_id: run.run_id }, "a stream broke off"),
    onLeave: () => {
      if (leaves === "cancel")
        leaveRun(ctx, run).catch((error: unknown) =>
          ctx.log.error({ err: error }, "could not cancel a left run"),
        );
    },
  };
}

function streamReply(
  reply: Reply,
  join: Omit<JoinStream, "signal">,
  { drop }: Pick<ApiRequest<unknown, unknown, unknown>, "drop">,
): Response {
  const { ctx, run } = reply;
  const controller = new AbortController();
  const frames = followRun(ctx, run, { ...join, signal: controller.signal });
  return sse(frames, {
    ...streamOptions(reply, controller),
    isTooFarBehind: (id) => isTooFarBehind(ctx, run, id),
    drop,
  });
}

function waitReply(reply: Reply): Response {
  const controller = new AbortController();
  const value = async () => {
    await ended(reply.ctx, { run_id: reply.run.run_id, signal: controller.signal });
    return resultOf(reply.ctx, reply.run);
  };
  return lateJson(value, streamOptions(reply, controller));
}

/** Starts the run a request describes; without a thread id it is stateless. */
async function start(
  { ctx, body, creation }: ApiRequest<unknown, unknown, RunCreate>,
  thread_id?: string,
): Promise<Reply> {
  const isStateless = thread_id === undefined;
  if (creation?.isRepeat) {
    const run = await getRun(ctx, { run_id: creation.id, thread_id });
    return { ctx, run, path: pathOf(run, isStateless), leaves: run.kwargs.on_disconnect };
  }
  const { checkpoint, checkpoint_id, checkpoint_during, ...asked } = body;
  const at = checkpoint ?? (checkpoint_id === undefined ? undefined : { checkpoint_id });
  const run = await createRun(ctx, {
    ...asked,
    run_id: creation?.id,
    thread_id,
    checkpoint: at && JSON.parse(JSON.stringify(at)),
    stream_mode: asked.stream_mode ?? ["values"],
    stream_subgraphs: asked.stream_subgraphs ?? false,
    multitask_strategy: asked.multitask_strategy ?? "enqueue",
    on_disconnect: asked.on_disconnect ?? "continue",
    on_completion: asked.on_completion ?? "delete",
    if_not_exists: asked.if_not_exists ?? "reject",
    durability: asked.durability ?? (checkpoint_during === false ? "exit" : "sync"),
  });
  return { ctx, run, path: pathOf(run, isStateless), leaves: run.kwargs.on_disconnect };
}

const created = ({ run, path }: Reply): Response =>
  Response.json(runJson(run), { headers: { "content-location": path } });

function joinReply(
  ctx: Context,
  run: Run,
  options: { isStateless: boolean; cancel: boolean },
): Reply {
  return {
    ctx,
    run,
    path: pathOf(run, options.isStateless),
    leaves: options.cancel ? "cancel" : "continue",
  };
}

const lastEventId = (headers: Headers): string | undefined =>
  headers.get("last-event-id") ?? undefined;

const creating: Route[] = [
  route({
    method: "post",
    path: "/threads/:thread_id/runs",
    summary: "Starts a run in the background",
    auth: "threads:create_run",
    creates: "run",
    params: threadParams,
    body: runCreate,
    handle: async (request) => created(await start(request, request.params.thread_id)),
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/runs/stream",
    summary: "Starts a run and streams it",
    auth: "threads:create_run",
    creates: "run",
    params: threadParams,
    body: runCreate,
    handle: async (request) =>
      streamReply(await start(request, request.params.thread_id), { after: undefined }, request),
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/runs/wait",
    summary: "Starts a run and answers with its result",
    auth: "threads:create_run",
    creates: "run",
    params: threadParams,
    body: runCreate,
    handle: async (request) => waitReply(await start(request, request.params.thread_id)),
  }),
  route({
    method: "post",
    path: "/runs",
    summary: "Starts a stateless run in the background",
    auth: "threads:create_run",
    creates: "run",
    body: runCreate,
    handle: async (request) => created(await start(request)),
  }),
  route({
    method: "post",
    path: "/runs/stream",
    summary: "Starts a stateless run and streams it",
    auth: "threads:create_run",
    creates: "run",
    body: runCreate,
    handle: async (request) => streamReply(await start(request), { after: undefined }, request),
  }),
  route({
    method: "post",
    path: "/runs/wait",
    summary: "Starts a stateless run and answers with its result",
    auth: "threads:create_run",
    creates: "run",
    body: runCreate,
    handle: async (request) => waitReply(await start(request)),
  }),
];

const following: Route[] = [
  route({
    method: "get",
    path: "/threads/:thread_id/runs",
    summary: "Runs of a thread, newest first",
    auth: "threads:read",
    params: threadParams,
    query: runList,
    handle: async ({ ctx, params, query: { select, ...query } }) => {
      const runs = await listRuns(ctx, { ...params, ...query });
      return Response.json(runs.map((run) => selected(runJson(run), select)));
    },
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/runs/:run_id",
    summary: "One run",
    auth: "threads:read",
    params: runParams,
    handle: async ({ ctx, params }) => Response.json(runJson(await getRun(ctx, params))),
  }),
  route({
    method: "delete",
    path: "/threads/:thread_id/runs/:run_id",
    summary: "Deletes a run that is not running",
    auth: "threads:delete",
    params: runParams,
    handle: async ({ ctx, params }) => {
      await deleteRun(ctx, params);
      return new Response(null, { status: 204 });
    },
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/runs/:run_id/join",
    summary: "The result of a run, once it has ended",
    auth: "threads:read",
    params: runParams,
    query: joinQuery,
    handle: async ({ ctx, params, query }) =>
      waitReply(
        joinReply(ctx, await getRun(ctx, params), {
          isStateless: false,
          cancel: query.cancel_on_disconnect,
        }),
      ),
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/runs/:run_id/stream",
    summary: "The events of a run, from Last-Event-ID or its start",
    auth: "threads:read",
    params: runParams,
    query: joinQuery,
    handle: async ({ ctx, params, query, headers, drop }) => {
      const reply = joinReply(ctx, await getRun(ctx, params), {
        isStateless: false,
        cancel: query.cancel_on_disconnect,
      });
      const after = lastEventId(headers);
      return streamReply(reply, { modes: query.stream_mode, after }, { drop });
    },
  }),
  route({
    method: "get",
    path: "/runs/:run_id/stream",
    summary: "The events of a stateless run, from Last-Event-ID or its start",
    auth: "threads:read",
    params: statelessRunParams,
    query: joinQuery,
    handle: async ({ ctx, params, query, headers, drop }) => {
      const reply = joinReply(ctx, await getRun(ctx, params), {
        isStateless: true,
        cancel: query.cancel_on_disconnect,
      });
      const after = lastEventId(headers);
      return streamReply(reply, { modes: query.stream_mode, after }, { drop });
    },
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/runs/:run_id/cancel",
    summary: "Ends a run: interrupt keeps what it did, rollback removes it",
    auth: "threads:update",
    params: runParams,
    query: cancelQuery,
    handle: async ({ ctx, params, query }) => {
      await cancelRun(ctx, { ...params, action: query.action ?? "interrupt", wait: query.wait });
      return new Response(null, { status: query.wait ? 204 : 202 });
    },
  }),
];

export const runRoutes: Route[] = [...creating, ...following];
