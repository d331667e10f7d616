import type { JsonObject } from "../../../core/json.ts";
import { cancelResponse, deleteResponse, getResponse } from "../../../services/responses/stored.ts";
import { type ApiRequest, type Route, route } from "../../route.ts";
import { eventStream } from "../data-stream.ts";
import { openAiError } from "../errors.ts";
import { createResponse } from "./create.ts";
import { ResponseEvents } from "./events.ts";
import { itemsQuery, responseBody, responseParams, responseQuery } from "./request.ts";
import { eventsOf, retold, shownResponse, speechOf } from "./show.ts";
import type { StoredResponse } from "../../../domain/response.ts";

/** The events of a response from its beginning, those that the client has left out. */
async function replay(
  { ctx }: ApiRequest<unknown, unknown, unknown>,
  stored: StoredResponse,
  after: number,
): Promise<Response> {
  const controller = new AbortController();
  const { response, response_id, source } = stored;
  const speech =
    source === "model" ? retold(response) : await speechOf(ctx, stored, controller.signal);
  const events = new ResponseEvents(response, response_id);
  const all = eventsOf(ctx, speech, { events, onEnd: () => undefined });
  return eventStream(later(all, after), {
    heartbeatMs: ctx.settings.heartbeat_seconds * 1000,
    headers: {},
    controller,
    onLeave: () => undefined,
    onFailure: (error) => ctx.log.error({ err: error, response_id }, "a stream broke off"),
  });
}

async function* later(
  batches: AsyncGenerator<JsonObject[], void>,
  after: number,
): AsyncGenerator<JsonObject[], void> {
  for await (const batch of batches) {
    const left = batch.filter(({ sequence_number: seq }) => typeof seq === "number" && seq > after);
    if (left.length > 0) yield left;
  }
}

export const responseRoutes: Route[] = [
  route({
    method: "post",
    spends: true,
    path: "/v1/responses",
    summary: "Answers by a model, or by a graph as a durable run, and remembers it",
    auth: "responses:create",
    onError: openAiError,
    body: responseBody,
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
