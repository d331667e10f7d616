import { z } from "zod";
import type { Context } from "../../context.ts";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import type { Assistant } from "../../domain/assistant.ts";
import { getSchemas } from "../../services/assistants/describe.ts";
import { getAssistant } from "../../services/assistants/find.ts";
import { searchAssistants } from "../../services/assistants/search.ts";
import { id, listOf, object } from "../answers/parts.ts";
import { pageHeaders } from "../present.ts";
import { type Route, route } from "../route.ts";
import { absent, jsonObject, slice } from "../schemas.ts";

const agentParams = z.object({ agent_id: z.string().min(1).max(200) });
const agentSearch = z.object({
  name: absent(z.string()),
  metadata: absent(jsonObject),
  ...slice,
});

const agent = z.object({
  agent_id: id,
  name: z.string(),
  description: z.string(),
  metadata: object,
  capabilities: z.record(z.string(), z.boolean()),
});
const agentSchemas = z.object({
  agent_id: id,
  input_schema: object,
  output_schema: object,
  state_schema: object,
  config_schema: object,
});

const hasMessages = ({ input_schema: schema }: JsonObject): boolean =>
  isJsonObject(schema) && isJsonObject(schema["properties"]) && "messages" in schema["properties"];

/** An assistant as the Agent Protocol has it; a graph that cannot be loaded is said to take no messages. */
async function agentJson(ctx: Context, assistant: Assistant) {
  const { assistant_id, name, description, metadata, graph_id } = assistant;
  const schemas = await ctx.graphs.schemas(graph_id).catch(() => ({}));
  return {
    agent_id: assistant_id,
    name,
    description: description ?? "",
    metadata,
    capabilities: { "ap.io.messages": hasMessages(schemas), "ap.io.streaming": true },
  };
}

/** The assistants under the names that the Agent Protocol has for them. */
export const agentRoutes: Route[] = [
  route({
    method: "post",
    path: "/agents/search",
    summary: "Assistants as agents of the Agent Protocol, by name and metadata",
    auth: "assistants:search",
    body: agentSearch,
    response: listOf(agent),
    handle: async ({ ctx, body: { name, metadata, ...slice } }) => {
      const page = { ...slice, sort_by: "created_at", sort_order: "desc" } as const;
      const result = await searchAssistants(ctx, { filter: { name, metadata }, page });
      const agents: Awaited<ReturnType<typeof agentJson>>[] = [];
      for (const assistant of result.rows) agents.push(await agentJson(ctx, assistant));
      return Response.json(agents, { headers: pageHeaders(result, page) });
    },
  }),
  route({
    method: "get",
    path: "/agents/:agent_id",
    summary: "One assistant as an agent of the Agent Protocol",
    auth: "assistants:read",
    params: agentParams,
    response: agent,
    handle: async ({ ctx, params: { agent_id } }) =>
      Response.json(await agentJson(ctx, await getAssistant(ctx, { assistant_id: agent_id }))),
  }),
  route({
    method: "get",
    path: "/agents/:agent_id/schemas",
    summary: "JSON schemas of an agent: input, output, state and config",
    auth: "assistants:read",
    params: agentParams,
    response: agentSchemas,
    handle: async ({ ctx, params: { agent_id } }) => {
      const { assistant_id } = await getAssistant(ctx, { assistant_id: agent_id });
      const schemas = await getSchemas(ctx, { assistant_id });
      const { input_schema, output_schema, state_schema, config_schema } = schemas;
      return Response.json({
        agent_id: assistant_id,
        input_schema,
        output_schema,
        state_schema,
        config_schema,
      });
    },
  }),
];
