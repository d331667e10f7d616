import { noContent } from "../no-content.ts";
import { z } from "zod";
import { patchThread } from "../../services/threads/change.ts";
import { getHistory, getState, updateState } from "../../services/threads/state.ts";
import { type Route, route } from "../route.ts";
import { threadParams } from "../schemas.ts";
import { selectedState } from "../select-state.ts";
import {
  historyBody,
  historyQuery,
  stateAtCheckpoint,
  statePatch,
  stateQuery,
  stateUpdate,
} from "../thread-schemas.ts";
import { listOf } from "../answers/parts.ts";
import { state, updatedState } from "../answers/threads.ts";

export const stateRoutes: Route[] = [
  route({
    method: "get",
    path: "/threads/:thread_id/state",
    summary: "The newest state of a thread",
    auth: "threads:read",
    params: threadParams,
    query: stateQuery,
    response: state,
    handle: async ({ ctx, params, query: { select, subgraphs } }) =>
      Response.json(selectedState(await getState(ctx, { ...params, subgraphs }), select)),
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/state/:checkpoint_id",
    summary: "The state of a checkpoint",
    auth: "threads:read",
    params: threadParams.extend({ checkpoint_id: z.string().max(200) }),
    query: stateQuery,
    response: state,
    handle: async ({ ctx, params: { thread_id, checkpoint_id }, query: { select, subgraphs } }) => {
      const at = { thread_id, checkpoint: { checkpoint_id }, subgraphs };
      return Response.json(selectedState(await getState(ctx, at), select));
    },
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/state/checkpoint",
    summary: "The state of a checkpoint, which may be a subgraph's",
    auth: "threads:read",
    params: threadParams,
    body: stateAtCheckpoint,
    response: state,
    handle: async ({ ctx, params, body: { checkpoint, subgraphs = false, select } }) =>
      Response.json(
        selectedState(await getState(ctx, { ...params, checkpoint, subgraphs }), select),
      ),
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/state",
    summary: "Writes values into the state as if a node had",
    auth: "threads:update",
    params: threadParams,
    body: stateUpdate,
    response: updatedState,
    handle: async ({ ctx, params, body: { values, as_node, checkpoint, checkpoint_id } }) => {
      const at = checkpoint ?? (checkpoint_id === undefined ? undefined : { checkpoint_id });
      return Response.json(
        await updateState(ctx, { ...params, checkpoint: at, values: values ?? null, as_node }),
      );
    },
  }),
  route({
    method: "patch",
    path: "/threads/:thread_id/state",
    summary: "Merges metadata into the thread of a state",
    auth: "threads:update",
    params: threadParams,
    body: statePatch,
    response: "nothing",
    handle: async ({ ctx, params, body }) => {
      await patchThread(ctx, { ...params, metadata: body.metadata ?? {} });
      return noContent();
    },
  }),
  route({
    method: "get",
    path: "/threads/:thread_id/history",
    summary: "States of a thread, newest first",
    auth: "threads:read",
    params: threadParams,
    query: historyQuery,
    response: listOf(state),
    handle: async ({ ctx, params, query: { select, ...query } }) => {
      const states = await getHistory(ctx, { ...params, ...query });
      return Response.json(states.map((state) => selectedState(state, select)));
    },
  }),
  route({
    method: "post",
    path: "/threads/:thread_id/history",
    summary: "States of a thread or of a subgraph, newest first",
    auth: "threads:read",
    params: threadParams,
    body: historyBody,
    response: listOf(state),
    handle: async ({ ctx, params, body: { select, ...body } }) => {
      const states = await getHistory(ctx, { ...params, ...body });
      return Response.json(states.map((state) => selectedState(state, select)));
    },
  }),
];
