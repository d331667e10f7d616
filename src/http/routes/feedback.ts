import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { isoTime } from "../../core/iso-time.ts";
import type { Feedback } from "../../domain/feedback.ts";
import { giveFeedback, type GivenFeedback, listFeedback } from "../../services/feedback/give.ts";
import { pageHeaders } from "../present.ts";
import { type ApiRequest, type Route, route } from "../route.ts";
import { absent, json, slice, uuid } from "../schemas.ts";

const tokenParams = z.object({ token: z.string().regex(/^[\w.-]{1,100}$/) });
const comment = absent(z.string().max(10_000));

const said = z.object({
  score: absent(z.union([z.number(), z.boolean().transform(Number)])),
  value: json.optional(),
  comment,
  correction: json.optional(),
});
/** In a link there is only text. */
const saidInQuery = z.object({
  score: absent(
    z.union([
      z.stringbool({ truthy: ["true"], falsy: ["false"] }).transform(Number),
      z.coerce.number(),
    ]),
  ),
  value: absent(z.string().max(10_000)),
  comment,
});

const feedbackSchema = z.object({
  feedback_id: z.string(),
  run_id: z.string(),
  thread_id: z.string().nullable(),
  key: z.string(),
  score: z.number().nullable(),
  value: z.unknown(),
  comment: z.string().nullable(),
  correction: z.unknown(),
  metadata: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  updated_at: z.string(),
});

const feedbackJson = (feedback: Feedback) => ({
  ...feedback,
  created_at: isoTime(feedback.created_at),
  updated_at: isoTime(feedback.updated_at),
});

async function give(
  { ctx, params }: ApiRequest<z.output<typeof tokenParams>, unknown, unknown>,
  words: Omit<GivenFeedback, "token">,
): Promise<Response> {
  if (Object.values(words).every((word) => (word ?? null) === null))
    throw new AppError("validation", "Expected a score, value, comment or correction");
  return Response.json(feedbackJson(await giveFeedback(ctx, { ...params, ...words })));
}

export const feedbackRoutes: Route[] = [
  route({
    method: "get",
    path: "/feedback",
    summary: "What users said of runs, newest first",
    auth: "feedback:search",
    query: z.object({
      run_id: absent(uuid),
      thread_id: absent(uuid),
      key: absent(z.string()),
      ...slice,
    }),
    response: z.array(feedbackSchema),
    handle: async ({ ctx, query }) => {
      const result = await listFeedback(ctx, query);
      return Response.json(result.rows.map(feedbackJson), { headers: pageHeaders(result, query) });
    },
  }),
  route({
    method: "post",
    path: "/feedback/tokens/:token",
    summary: "Says something of a run, by an address that its event `feedback` gave",
    auth: "public",
    params: tokenParams,
    body: said,
    response: feedbackSchema,
    handle: (request) => give(request, request.body),
  }),
  route({
    method: "get",
    path: "/feedback/tokens/:token",
    summary: "The same as a link",
    auth: "public",
    params: tokenParams,
    query: saidInQuery,
    response: feedbackSchema,
    handle: (request) => give(request, request.query),
  }),
];
