import { z } from "zod";
import type { Context } from "../../../context.ts";
import { AppError } from "../../../core/errors.ts";
import { mayUse } from "../../../domain/actor.ts";
import { searchAssistants } from "../../../services/assistants/search.ts";
import { type Route, route } from "../../route.ts";
import { openAiError } from "../errors.ts";
import { isChore } from "./chores.ts";
import { asksForFunctions, inTools } from "./functions.ts";
import { answerByGraph } from "./graph-chat.ts";
import { answerByModel } from "./model-chat.ts";
import { chatBody } from "./request.ts";
import { targetOf } from "./target.ts";
import { completion, model, models } from "../../answers/openai.ts";

const MAX_ASSISTANTS = 1000;

interface ListedModel {
  id: string;
  object: "model";
  created: number;
  owned_by: string;
}

/** The models and assistants that the actor may name in a request. */
async function listModels(ctx: Context): Promise<ListedModel[]> {
  const created = 0;
  const models = ctx.modelCalls
    .chatModels()
    .filter(({ id }) => mayUse(ctx.actor, "models", id))
    .map(({ id, dialect }): ListedModel => ({ id, object: "model", created, owned_by: dialect }));
  const page = {
    limit: MAX_ASSISTANTS,
    offset: 0,
    sort_by: "created_at",
    sort_order: "asc",
  } as const;
  const { rows } = await searchAssistants(ctx, { filter: {}, page });
  const known = new Set(models.map(({ id }) => id));
  const assistants = rows.map(({ assistant_id, graph_id, name, created_at, metadata }) => {
    const isSystem = metadata["created_by"] === "system";
    const shown = known.has(name) || name === "" ? assistant_id : name;
    return {
      id: isSystem ? `graph:${graph_id}` : shown,
      object: "model" as const,
      created: Math.floor(created_at / 1000),
      owned_by: "kagari",
    };
  });
  return [...models, ...assistants];
}

export const chatRoutes: Route[] = [
  route({
    method: "get",
    path: "/v1/models",
    summary: "The models and graphs that a request may name",
    auth: "models:list",
    onError: openAiError,
    response: models,
    handle: async ({ ctx }) => Response.json({ object: "list", data: await listModels(ctx) }),
  }),
  route({
    method: "get",
    path: "/v1/models/:model",
    summary: "One of the models or graphs that a request may name",
    auth: "models:list",
    onError: openAiError,
    params: z.object({ model: z.string().max(300) }),
    response: model,
    handle: async ({ ctx, params }) => {
      const found = (await listModels(ctx)).find(({ id }) => id === params.model);
      if (found) return Response.json(found);
      throw new AppError("not_found", `The model ${JSON.stringify(params.model)} does not exist`, {
        details: { unknown_model: params.model },
      });
    },
  }),
  route({
    method: "post",
    spends: true,
    path: "/v1/chat/completions",
    summary: "Answers a conversation by a model, or by a graph as a durable run",
    auth: "chat:create",
    onError: openAiError,
    body: chatBody,
    response: [completion, "events"],
    handle: async (asked) => {
      const { ctx } = asked;
      const body = inTools(asked.body);
      const request = { ...asked, body };
      const asFunctions = asksForFunctions(asked.body);
      const target = await targetOf(ctx, body.model);
      if (target.kind === "model") return answerByModel(request, target.id, { asFunctions });
      // What a chat client asks for its own page is no turn of a conversation.
      if (isChore(body))
        return answerByModel(request, ctx.settings.openai_chore_model, { asFunctions });
      return answerByGraph(request, target.assistant_id);
    },
  }),
];
