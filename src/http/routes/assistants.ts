import { z } from "zod";
import { given } from "../../core/given.ts";
import {
  deleteAssistant,
  patchAssistant,
  setLatestVersion,
} from "../../services/assistants/change.ts";
import { createAssistant } from "../../services/assistants/create.ts";
import { getAssistant } from "../../services/assistants/find.ts";
import { getDrawing, getSchemas, getSubgraphs } from "../../services/assistants/describe.ts";
import {
  countAssistants,
  listVersions,
  searchAssistants,
} from "../../services/assistants/search.ts";
import { assistantJson, pageHeaders, selected, versionJson } from "../present.ts";
import { type Route, route } from "../route.ts";
import {
  assistantCount,
  assistantCreate,
  assistantDelete,
  assistantLatest,
  assistantParams,
  assistantPatch,
  assistantSearch,
  assistantVersions,
  flag,
} from "../schemas.ts";
import { count, id, listOf } from "../answers/parts.ts";
import {
  assistant,
  assistantVersion,
  drawing,
  graphSchemas,
  subgraphs,
} from "../answers/agents.ts";

const xray = z
  .union([z.stringbool(), z.coerce.number().int().nonnegative()])
  .optional()
  .transform((value) => value ?? false);

const kept: Route[] = [
  route({
    method: "post",
    path: "/assistants",
    summary: "Creates an assistant: a named configuration of a graph",
    auth: "assistants:create",
    creates: "assistant",
    body: assistantCreate,
    response: assistant,
    handle: async ({ ctx, body, creation }) => {
      const assistant = creation?.isRepeat
        ? await getAssistant(ctx, { assistant_id: creation.id })
        : await createAssistant(ctx, {
            ...body,
            assistant_id: body.assistant_id ?? creation?.id,
          });
      return Response.json(assistantJson(assistant));
    },
  }),
  route({
    method: "post",
    path: "/assistants/search",
    summary: "Assistants by graph, name and metadata",
    auth: "assistants:search",
    body: assistantSearch,
    response: listOf(assistant.partial()),
    handle: async ({ ctx, body: { select, graph_id, name, metadata, ...page } }) => {
      const result = await searchAssistants(ctx, { filter: { graph_id, name, metadata }, page });
      const rows = result.rows.map((assistant) => selected(assistantJson(assistant), select));
      return Response.json(rows, { headers: pageHeaders(result, page) });
    },
  }),
  route({
    method: "post",
    path: "/assistants/count",
    summary: "How many assistants a search finds",
    auth: "assistants:search",
    body: assistantCount,
    response: count,
    handle: async ({ ctx, body }) => Response.json(await countAssistants(ctx, body)),
  }),
  route({
    method: "get",
    path: "/assistants/:assistant_id",
    summary: "One assistant, by its id or the name of its graph",
    auth: "assistants:read",
    params: assistantParams,
    response: assistant,
    handle: async ({ ctx, params }) =>
      Response.json(assistantJson(await getAssistant(ctx, params))),
  }),
  route({
    method: "patch",
    path: "/assistants/:assistant_id",
    summary: "Makes a new version: metadata are merged, other fields replaced",
    auth: "assistants:update",
    params: assistantParams,
    body: assistantPatch,
    response: assistant,
    handle: async ({ ctx, params, body }) =>
      Response.json(assistantJson(await patchAssistant(ctx, { ...params, change: given(body) }))),
  }),
  route({
    method: "delete",
    path: "/assistants/:assistant_id",
    summary: "Deletes an assistant with its versions, and its threads on delete_threads",
    auth: "assistants:delete",
    params: assistantParams,
    query: assistantDelete,
    response: listOf(id),
    handle: async ({ ctx, params, query }) => {
      await deleteAssistant(ctx, { ...params, ...query });
      return Response.json([params.assistant_id]);
    },
  }),
  route({
    method: "post",
    path: "/assistants/:assistant_id/versions",
    summary: "Versions of an assistant, newest first",
    auth: "assistants:read",
    params: assistantParams,
    body: assistantVersions,
    response: listOf(assistantVersion),
    handle: async ({ ctx, params, body }) =>
      Response.json((await listVersions(ctx, { ...params, ...body })).map(versionJson)),
  }),
  route({
    method: "post",
    path: "/assistants/:assistant_id/latest",
    summary: "Makes an earlier version the one in force",
    auth: "assistants:update",
    params: assistantParams,
    body: assistantLatest,
    response: assistant,
    handle: async ({ ctx, params, body }) =>
      Response.json(assistantJson(await setLatestVersion(ctx, { ...params, ...body }))),
  }),
];

const described: Route[] = [
  route({
    method: "get",
    path: "/assistants/:assistant_id/schemas",
    summary: "JSON schemas of input, output, state, config and context",
    auth: "assistants:read",
    params: assistantParams,
    response: graphSchemas,
    handle: async ({ ctx, params }) => Response.json(await getSchemas(ctx, params)),
  }),
  route({
    method: "get",
    path: "/assistants/:assistant_id/graph",
    summary: "Nodes and edges of the graph",
    auth: "assistants:read",
    params: assistantParams,
    query: z.object({ xray }),
    response: drawing,
    handle: async ({ ctx, params, query }) =>
      Response.json(await getDrawing(ctx, { ...params, xray: query.xray })),
  }),
  route({
    method: "get",
    path: "/assistants/:assistant_id/subgraphs",
    summary: "Schemas of the subgraphs by namespace, with those inside them on recurse",
    auth: "assistants:read",
    params: assistantParams,
    query: z.object({ recurse: flag }),
    response: subgraphs,
    handle: async ({ ctx, params, query }) =>
      Response.json(await getSubgraphs(ctx, { ...params, ...query })),
  }),
  route({
    method: "get",
    path: "/assistants/:assistant_id/subgraphs/:namespace",
    summary: "Schemas of the subgraph of a namespace",
    auth: "assistants:read",
    params: assistantParams.extend({ namespace: z.string().max(1000) }),
    query: z.object({ recurse: flag }),
    response: subgraphs,
    handle: async ({ ctx, params, query }) =>
      Response.json(await getSubgraphs(ctx, { ...params, ...query })),
  }),
];

export const assistantRoutes: Route[] = [...kept, ...described];
