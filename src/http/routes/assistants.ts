import { z } from "zod";
import { getAssistant } from "../../services/assistants/find.ts";
import { getDrawing, getSchemas, getSubgraphs } from "../../services/assistants/describe.ts";
import { searchAssistants } from "../../services/assistants/search.ts";
import { assistantJson, pageHeaders, selected } from "../present.ts";
import { type Route, route } from "../route.ts";
import { assistantParams, assistantSearch, flag } from "../schemas.ts";

const xray = z
  .union([z.stringbool(), z.coerce.number().int().nonnegative()])
  .optional()
  .transform((value) => value ?? false);

export const assistantRoutes: Route[] = [
  route({
    method: "post",
    path: "/assistants/search",
    summary: "Assistants by graph, name and metadata",
    auth: "assistants:search",
    body: assistantSearch,
    handle: async ({ ctx, body: { select, graph_id, name, metadata, ...page } }) => {
      const result = await searchAssistants(ctx, { filter: { graph_id, name, metadata }, page });
      const rows = result.rows.map((assistant) => selected(assistantJson(assistant), select));
      return Response.json(rows, { headers: pageHeaders(result, page) });
    },
  }),
  route({
    method: "get",
    path: "/assistants/:assistant_id",
    summary: "One assistant, by its id or the name of its graph",
    auth: "assistants:read",
    params: assistantParams,
    handle: async ({ ctx, params }) =>
      Response.json(assistantJson(await getAssistant(ctx, params))),
  }),
  route({
    method: "get",
    path: "/assistants/:assistant_id/schemas",
    summary: "JSON schemas of input, output, state, config and context",
    auth: "assistants:read",
    params: assistantParams,
    handle: async ({ ctx, params }) => Response.json(await getSchemas(ctx, params)),
  }),
  route({
    method: "get",
    path: "/assistants/:assistant_id/graph",
    summary: "Nodes and edges of the graph",
    auth: "assistants:read",
    params: assistantParams,
    query: z.object({ xray }),
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
    handle: async ({ ctx, params, query }) =>
      Response.json(await getSubgraphs(ctx, { ...params, ...query })),
  }),
];
