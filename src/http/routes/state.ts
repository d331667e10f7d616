import { z } from "zod";
import { getHistory, getState, updateState } from "../../services/threads/state.ts";
import { type Route, route } from "../route.ts";
import {
  flag,
  historyBody,
  historyQuery,
  stateAtCheckpoint,
  stateUpdate,
  threadParams,
} from "../schemas.ts";

const subgraphs = z.object({ subgraphs: flag });

export const stateRoutes: Route[] = [
  route({
    method: "get",
    path: "/threads/:thread_id/state",
    summary: "The newest state of a thread",
    auth: "threads:read",
    params: threadParams,
    query: subgraphs,
    handle: async ({ ctx, params, query }) =>
      Response.json(await getState(ctx, { ...params, ...query })),
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/state/:checkpoint_id",
    summary: "The state of a checkpoint",
    auth: "threads:read",
    params: threadParams.extend({ checkpoint_id: z.string().max(200) }),
    query: subgraphs,
    handle: async ({ ctx, params: { thread_id, checkpoint_id }, query }) =>
      Response.json(await getState(ctx, { thread_id, checkpoint: { checkpoint_id }, ...query })),
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/state/checkpoint",
    summary: "The state of a checkpoint, which may be a subgraph's",
    auth: "threads:read",
    params: threadParams,
    body: stateAtCheckpoint,
    handle: async ({ ctx, params, body }) =>
      Response.json(
        await getState(ctx, {
          ...params,
          checkpoint: body.checkpoint,
          subgraphs: body.subgraphs ?? false,
        }),
      ),
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/state",
    summary: "Writes values into the state as if a node had",
    auth: "threads:update",
    params: threadParams,
    body: stateUpdate,
    handle: async ({ ctx, params, body: { values, as_node, checkpoint, checkpoint_id } }) => {
      const at = checkpoint ?? (checkpoint_id === undefined ? undefined : { checkpoint_id });
      return Response.json(
        await updateState(ctx, { ...params, checkpoint: at, values: values ?? null, as_node }),
      );
    },
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/history",
    summary: "States of a thread, newest first",
    auth: "threads:read",
    params: threadParams,
    query: historyQuery,
    handle: async ({ ctx, params, query }) =>
      Response.json(await getHistory(ctx, { ...params, ...query })),
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/history",
    summary: "States of a thread or of a subgraph, newest first",
    auth: "threads:read",
    params: threadParams,
    body: historyBody,
    handle: async ({ ctx, params, body }) =>
      Response.json(await getHistory(ctx, { ...params, ...body })),
  }),
];
