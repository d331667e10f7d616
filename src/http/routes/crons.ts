import { noContent } from "../no-content.ts";
import type { z } from "zod";
import type { CronFilter, CronPayloadChange } from "../../domain/cron.ts";
import { deleteCron, patchCron } from "../../services/crons/change.ts";
import { createCron } from "../../services/crons/create.ts";
import { getCron, searchCrons } from "../../services/crons/find.ts";
import { cronJson, pageHeaders, selected } from "../present.ts";
import { type ApiRequest, type Route, route } from "../route.ts";
import {
  cronCount,
  cronCreate,
  cronParams,
  cronPatch,
  cronSearch,
  threadParams,
} from "../schemas.ts";
import { count, listOf } from "../answers/parts.ts";
import { cron as cronAnswer } from "../answers/agents.ts";

type CronBody = z.output<typeof cronPatch>;

/** The part of a body that describes the runs. */
function payloadOf(body: CronBody): CronPayloadChange {
  return {
    assistant_id: body.assistant_id,
    input: body.input,
    config: body.config,
    context: body.context,
    webhook: body.webhook,
    interrupt_before: body.interrupt_before,
    interrupt_after: body.interrupt_after,
    multitask_strategy: body.multitask_strategy,
    durability: body.durability ?? (body.checkpoint_during === false ? "exit" : undefined),
    stream_mode: body.stream_mode,
    stream_subgraphs: body.stream_subgraphs,
    stream_resumable: body.stream_resumable,
  };
}

/** The part of a body that describes the cron itself. */
const fieldsOf = ({ timezone, end_time, enabled, on_run_completed, metadata }: CronBody) => ({
  timezone,
  end_time,
  enabled,
  on_run_completed,
  metadata,
});

async function create(
  { ctx, body, creation }: ApiRequest<unknown, unknown, z.output<typeof cronCreate>>,
  thread_id?: string,
): Promise<Response> {
  const cron = creation?.isRepeat
    ? await getCron(ctx, { cron_id: creation.id })
    : await createCron(ctx, {
        ...fieldsOf(body),
        schedule: body.schedule,
        cron_id: creation?.id,
        thread_id,
        payload: { ...payloadOf(body), assistant_id: body.assistant_id },
      });
  return Response.json(cronJson(cron));
}

export const cronRoutes: Route[] = [
  route({
    method: "post",
    path: "/runs/crons",
    summary: "Keeps a cron whose runs each have a thread of their own",
    auth: "crons:create",
    creates: "cron",
    body: cronCreate,
    response: cronAnswer,
    handle: (request) => create(request),
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/runs/crons",
    summary: "Keeps a cron whose runs are on this thread",
    auth: "crons:create",
    creates: "cron",
    params: threadParams,
    body: cronCreate,
    response: cronAnswer,
    handle: (request) => create(request, request.params.thread_id),
  }),
  route({
    method: "post",
    path: "/runs/crons/search",
    summary: "Crons by assistant, thread, metadata and whether they are enabled",
    auth: "crons:search",
    body: cronSearch,
    response: listOf(cronAnswer.partial()),
    handle: async ({ ctx, body: { select, limit, offset, sort_by, sort_order, ...filter } }) => {
      const page = {
        limit,
        offset,
        sort_by: sort_by === "next_run_date" ? ("next_run_at" as const) : sort_by,
        sort_order,
      };
      const result = await searchCrons(ctx, { filter, page });
      const rows = result.rows.map((cron) => selected(cronJson(cron), select));
      return Response.json(rows, { headers: pageHeaders(result, page) });
    },
  }),
  route({
    method: "post",
    path: "/runs/crons/count",
    summary: "How many crons there are",
    auth: "crons:search",
    body: cronCount,
    response: count,
    handle: async ({ ctx, body }) => {
      const filter: CronFilter = body;
      const page = { limit: 1, offset: 0, sort_by: "cron_id", sort_order: "asc" } as const;
      return Response.json((await searchCrons(ctx, { filter, page })).total);
    },
  }),
  route({
    method: "get",
    path: "/runs/crons/:cron_id",
    summary: "One cron",
    auth: "crons:read",
    params: cronParams,
    response: cronAnswer,
    handle: async ({ ctx, params }) => Response.json(cronJson(await getCron(ctx, params))),
  }),
  route({
    method: "patch",
    path: "/runs/crons/:cron_id",
    summary: "Changes a cron",
    auth: "crons:update",
    params: cronParams,
    body: cronPatch,
    response: cronAnswer,
    handle: async ({ ctx, params, body }) => {
      const { schedule } = body;
      const change = { ...fieldsOf(body), ...(schedule === undefined ? {} : { schedule }) };
      const cron = await patchCron(ctx, { ...change, ...params, payload: payloadOf(body) });
      return Response.json(cronJson(cron));
    },
  }),
  route({
    method: "delete",
    path: "/runs/crons/:cron_id",
    summary: "Deletes a cron; runs it has started go on",
    auth: "crons:delete",
    params: cronParams,
    response: "nothing",
    handle: async ({ ctx, params }) => {
      await deleteCron(ctx, params);
      return noContent();
    },
  }),
];
