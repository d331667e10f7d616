import { cancelResponse, deleteResponse, getResponse } from "../../../services/responses/stored.ts";
import { type Route, route } from "../../route.ts";
import { openAiError } from "../errors.ts";
import { replay } from "./answer.ts";
import { createResponse } from "./create.ts";
import { itemsQuery, responseBody, responseParams, responseQuery } from "./request.ts";
import { shownResponse } from "./show.ts";
import { deletedResponse, inputItems, response as responseAnswer } from "../../answers/openai.ts";

export const responseRoutes: Route[] = [
  route({
    method: "post",
    spends: true,
    creates: "response",
    path: "/v1/responses",
    summary: "Answers by a model, or by a graph as a durable run, and remembers it",
    auth: "responses:create",
    onError: openAiError,
    body: responseBody,
    response: [responseAnswer, "events"],
    handle: (request) => createResponse(request),
  }),
  route({
    method: "get",
    path: "/v1/responses/:response_id",
    summary: "One response, or its events",
    auth: "responses:read",
    onError: openAiError,
    params: responseParams,
    query: responseQuery,
    response: [responseAnswer, "events"],
    handle: async (request) => {
      const { ctx, params, query } = request;
      const stored = await getResponse(ctx, params);
      if (query.stream) return replay(request, stored, query.starting_after ?? -1);
      return Response.json(await shownResponse(ctx, stored));
    },
  }),
  route({
    method: "delete",
    path: "/v1/responses/:response_id",
    summary: "Deletes a response with what made it",
    auth: "responses:delete",
    onError: openAiError,
    params: responseParams,
    response: deletedResponse,
    handle: async ({ ctx, params }) => {
      await deleteResponse(ctx, params);
      const id = `resp_${params.response_id}`;
      return Response.json({ id, object: "response", deleted: true });
    },
  }),
  route({
    method: "post",
    path: "/v1/responses/:response_id/cancel",
    summary: "Ends a response that is being made; one that has ended stays as it is",
    auth: "responses:update",
    onError: openAiError,
    params: responseParams,
    response: responseAnswer,
    handle: async ({ ctx, params }) => {
      await cancelResponse(ctx, params);
      return Response.json(await shownResponse(ctx, await getResponse(ctx, params)));
    },
  }),
  route({
    method: "get",
    path: "/v1/responses/:response_id/input_items",
    summary: "The items that a response answers",
    auth: "responses:read",
    onError: openAiError,
    params: responseParams,
    query: itemsQuery,
    response: inputItems,
    handle: async ({ ctx, params, query: { limit, order, after } }) => {
      const { input } = await getResponse(ctx, params);
      const items = order === "asc" ? input : input.toReversed();
      const start = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
      const data = items.slice(start, start + limit);
      return Response.json({
        object: "list",
        data,
        first_id: data[0]?.["id"] ?? null,
        last_id: data.at(-1)?.["id"] ?? null,
        has_more: start + limit < items.length,
      });
    },
  }),
];
