import { noContent } from "../no-content.ts";
import type { z } from "zod";
import type { Context } from "../../context.ts";
import { MODES_ON_DEMAND, type Run } from "../../domain/run.ts";
import { cancelRun, deleteRun } from "../../services/runs/cancel.ts";
import { cancelByStatus, cancelRuns } from "../../services/runs/cancel-many.ts";
import { getRun, listRuns } from "../../services/runs/read.ts";
import { usageOfRuns } from "../../services/usage/totals.ts";
import { notHonoured } from "../not-honoured.ts";
import { isWanted, runJson, selected } from "../present.ts";
import { type Route, route } from "../route.ts";
import { pathOf, type RunReply, streamReply, waitReply } from "../run-reply.ts";
import {
  cancelMany,
  cancelManyQuery,
  cancelQuery,
  joinQuery,
  runList,
  runParams,
  statelessRunParams,
  threadParams,
} from "../schemas.ts";
import { listOf } from "../answers/parts.ts";
import { result, run as runAnswer } from "../answers/threads.ts";

type JoinQuery = z.output<typeof joinQuery>;

/** Modes that a client asks for and that the run was not started with, so that there is nothing of them. */
const missingModes = ({ kwargs }: Run, { stream_mode = [] }: JoinQuery): string[] =>
  stream_mode
    .filter((mode) => MODES_ON_DEMAND.has(mode) && !kwargs.stream_mode.includes(mode))
    .map((mode) => `stream_mode.${mode}`);

async function joined(
  ctx: Context,
  params: { run_id: string; thread_id?: string | undefined },
  query: JoinQuery,
): Promise<RunReply> {
  const run = await getRun(ctx, params);
  return {
    ctx,
    run,
    path: pathOf(run, params.thread_id === undefined),
    leaves: query.cancel_on_disconnect ? "cancel" : "continue",
    headers: notHonoured(ctx, missingModes(run, query), run),
  };
}

interface Place {
  /** Where runs of this kind are. */
  at: "/threads/:thread_id/runs" | "/runs";
  params: z.ZodType<{ run_id: string; thread_id?: string }>;
  /** What they are called. */
  name: string;
}

/** The routes of one run, which its thread's path leads to, or for stateless ones a path of its own. */
const ofOneRun = ({ at, params, name }: Place): Route[] => [
  route({
    method: "get",
    path: `${at}/:run_id`,
    summary: `A ${name}`,
    auth: "threads:read",
    params,
    response: runAnswer,
    handle: async ({ ctx, params: address }) => {
      const run = await getRun(ctx, address);
      const usage = await usageOfRuns(ctx, [run]);
      return Response.json(runJson(run, usage.get(run.run_id)));
    },
  }),
  route({
    method: "delete",
    path: `${at}/:run_id`,
    summary: `Deletes a ${name} that is not running`,
    auth: "threads:delete",
    params,
    response: "nothing",
    handle: async (request) => {
      await deleteRun(request.ctx, request.params);
      return noContent();
    },
  }),
  route({
    method: "get",
    path: `${at}/:run_id/join`,
    summary: `The result of a ${name}, once it has ended`,
    auth: "threads:read",
    params,
    query: joinQuery,
    response: result,
    handle: async (request) => waitReply(await joined(request.ctx, request.params, request.query)),
  }),
  route({
    method: "get",
    path: `${at}/:run_id/stream`,
    summary: `The events of a ${name}, from Last-Event-ID or its start`,
    auth: "threads:read",
    params,
    query: joinQuery,
    response: "events",
    handle: async (request) => {
      const { stream_mode: modes, namespace: namespaces } = request.query;
      const after = request.headers.get("last-event-id") ?? undefined;
      const reply = await joined(request.ctx, request.params, request.query);
      return streamReply(reply, { modes, namespaces, after }, request);
    },
  }),
  route({
    method: "post",
    path: `${at}/:run_id/cancel`,
    summary: `Ends a ${name}: interrupt keeps what it did, rollback removes it`,
    auth: "threads:update",
    params,
    query: cancelQuery,
    response: "nothing",
    handle: async (request) => {
      await cancelRun(request.ctx, { ...request.params, ...request.query });
      return noContent(request.query.wait ? 204 : 202);
    },
  }),
];

export const runRoutes: Route[] = [
  route({
    method: "get",
    path: "/threads/:thread_id/runs",
    summary: "Runs of a thread, newest first",
    auth: "threads:read",
    params: threadParams,
    query: runList,
    response: listOf(runAnswer.partial()),
    handle: async ({ ctx, params, query: { select, ...query } }) => {
      const runs = await listRuns(ctx, { ...params, ...query });
      const usage = await usageOfRuns(ctx, isWanted("usage", select) ? runs : []);
      return Response.json(
        runs.map((run) => selected(runJson(run, usage.get(run.run_id)), select)),
      );
    },
  }),
  route({
    method: "post",
    path: "/runs/cancel",
    summary: "Ends several runs: those named, or all that are pending or running",
    auth: "threads:update",
    query: cancelManyQuery,
    body: cancelMany,
    response: "nothing",
    handle: async ({ ctx, query, body }) => {
      if ("run_ids" in body) await cancelRuns(ctx, { ...body, ...query });
      else await cancelByStatus(ctx, { ...body, ...query });
      return noContent();
    },
  }),
  ...ofOneRun({ at: "/threads/:thread_id/runs", params: runParams, name: "run" }),
  ...ofOneRun({ at: "/runs", params: statelessRunParams, name: "stateless run" }),
];
