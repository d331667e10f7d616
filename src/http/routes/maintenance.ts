import { z } from "zod";
import {
  getDelivery,
  listDeliveries,
  replayDelivery,
} from "../../services/maintenance/deliveries.ts";
import { pruneThreads, threadStorage } from "../../services/maintenance/prune.ts";
import { deliveryJson, pageHeaders } from "../present.ts";
import { type Route, route } from "../route.ts";
import { deliveryList, deliveryParams, threadParams } from "../schemas.ts";
import { threadPrune } from "../thread-schemas.ts";
import { count, listOf } from "../answers/parts.ts";
import { delivery } from "../answers/operations.ts";
import { threadStorage as storageAnswer } from "../answers/threads.ts";

export const maintenanceRoutes: Route[] = [
  route({
    method: "post",
    path: "/threads/prune",
    summary: "Deletes threads, or all but their newest state; busy ones are left alone",
    auth: "threads:delete",
    body: threadPrune,
    response: z.object({ pruned_count: count }),
    handle: async ({ ctx, body }) => Response.json({ pruned_count: await pruneThreads(ctx, body) }),
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/storage",
    summary: "Bytes that a thread takes, by section",
    auth: "threads:read",
    params: threadParams,
    response: storageAnswer,
    handle: async ({ ctx, params }) => {
      const { total, ...sections } = await threadStorage(ctx, params);
      return Response.json({ thread_id: params.thread_id, total_bytes: total, sections });
    },
  }),
  route({
    method: "get",
    path: "/webhooks/deliveries",
    summary: "Webhook deliveries, last changed first; status=dead are those given up",
    auth: "webhooks:search",
    query: deliveryList,
    response: listOf(delivery),
    handle: async ({ ctx, query }) => {
      const result = await listDeliveries(ctx, query);
      return Response.json(result.rows.map(deliveryJson), { headers: pageHeaders(result, query) });
    },
  }),
  route({
    method: "get",
    path: "/webhooks/deliveries/:delivery_id",
    summary: "One webhook delivery",
    auth: "webhooks:read",
    params: deliveryParams,
    response: delivery,
    handle: async ({ ctx, params }) => Response.json(deliveryJson(await getDelivery(ctx, params))),
  }),
  route({
    method: "post",
    path: "/webhooks/deliveries/:delivery_id/replay",
    summary: "Sends a delivery again that is dead or was delivered",
    auth: "webhooks:update",
    params: deliveryParams,
    response: delivery,
    handle: async ({ ctx, params }) =>
      Response.json(deliveryJson(await replayDelivery(ctx, params)), { status: 202 }),
  }),
];
