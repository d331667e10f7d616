import type { Context } from "../../context.ts";
import type { CreateRun } from "../../services/runs/new-run.ts";
import { createRun, createRuns } from "../../services/runs/create.ts";
import { getRun } from "../../services/runs/read.ts";
import { headersBy } from "../header-policy.ts";
import { originOf } from "../origin.ts";
import { notHonoured } from "../not-honoured.ts";
import { runJson } from "../present.ts";
import { type ApiRequest, type Route, route } from "../route.ts";
import { pathOf, type RunReply, streamReply, waitReply } from "../run-reply.ts";
import { runBatch, runCreate, type RunCreate, threadParams } from "../schemas.ts";
import { listOf } from "../answers/parts.ts";
import { result, run as runAnswer } from "../answers/threads.ts";

/** What a service makes a run of, from a body and the headers it came with. */
function asked(
  { ctx, headers }: { ctx: Context; headers: Headers },
  {
    unknown: _unknown,
    checkpoint,
    checkpoint_id,
    checkpoint_during,
    feedback_keys,
    ...body
  }: RunCreate,
): CreateRun {
  const at = checkpoint ?? (checkpoint_id === undefined ? undefined : { checkpoint_id });
  return {
    ...body,
    checkpoint: at && JSON.parse(JSON.stringify(at)),
    stream_mode: body.stream_mode ?? ["values"],
    stream_subgraphs: body.stream_subgraphs ?? false,
    multitask_strategy: body.multitask_strategy ?? "enqueue",
    on_disconnect: body.on_disconnect ?? "continue",
    on_completion: body.on_completion ?? "delete",
    if_not_exists: body.if_not_exists ?? "reject",
    durability: body.durability ?? (checkpoint_during === false ? "exit" : "sync"),
    feedback: feedback_keys && { keys: feedback_keys, origin: originOf(headers) },
    headers: headersBy(ctx.langgraph.http.configurableHeaders, headers),
  };
}

/** Starts the run a request describes; without a thread id it is stateless. */
async function start(
  request: ApiRequest<unknown, unknown, RunCreate>,
  thread_id?: string,
): Promise<RunReply> {
  const { ctx, body, creation } = request;
  const run = creation?.isRepeat
    ? await getRun(ctx, { run_id: creation.id, thread_id })
    : await createRun(ctx, { ...asked(request, body), run_id: creation?.id, thread_id });
  return {
    ctx,
    run,
    path: pathOf(run, thread_id === undefined),
    leaves: run.kwargs.on_disconnect,
    headers: notHonoured(ctx, body.unknown, run),
  };
}

const created = ({ run, path, headers }: RunReply): Response =>
  Response.json(runJson(run), { headers: { ...headers, "content-location": path } });

export const newRunRoutes: Route[] = [
  route({
    method: "post",
    path: "/threads/:thread_id/runs",
    summary: "Starts a run in the background",
    auth: "threads:create_run",
    creates: "run",
    params: threadParams,
    body: runCreate,
    response: runAnswer,
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
    response: "events",
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
    response: result,
    handle: async (request) => waitReply(await start(request, request.params.thread_id)),
  }),
  route({
    method: "post",
    path: "/runs",
    summary: "Starts a stateless run in the background",
    auth: "threads:create_run",
    creates: "run",
    body: runCreate,
    response: runAnswer,
    handle: async (request) => created(await start(request)),
  }),
  route({
    method: "post",
    path: "/runs/stream",
    summary: "Starts a stateless run and streams it",
    auth: "threads:create_run",
    creates: "run",
    body: runCreate,
    response: "events",
    handle: async (request) => streamReply(await start(request), { after: undefined }, request),
  }),
  route({
    method: "post",
    path: "/runs/wait",
    summary: "Starts a stateless run and answers with its result",
    auth: "threads:create_run",
    creates: "run",
    body: runCreate,
    response: result,
    handle: async (request) => waitReply(await start(request)),
  }),
  route({
    method: "post",
    path: "/runs/batch",
    summary: "Starts several runs in the background: all of them, or none when one is refused",
    auth: "threads:create_run",
    body: runBatch,
    response: listOf(runAnswer),
    handle: async (request) => {
      const { ctx, body } = request;
      const runs = await createRuns(
        ctx,
        body.map(({ thread_id, ...run }) => ({ ...asked(request, run), thread_id })),
      );
      const unknown = new Set(body.flatMap((run) => run.unknown));
      const headers = notHonoured(ctx, [...unknown], { run_id: runs[0]?.run_id ?? "" });
      return Response.json(
        runs.map((run) => runJson(run)),
        { headers },
      );
    },
  }),
];
