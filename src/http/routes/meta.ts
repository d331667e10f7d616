import { z } from "zod";
import type { Context } from "../../context.ts";
import { reportMetrics } from "../../services/metrics.ts";
import { docsPage } from "../docs-page.ts";
import { openApi } from "../openapi.ts";
import { type Route, route } from "../route.ts";
import { isSwitchedOff } from "../route-groups.ts";
import { object } from "../answers/parts.ts";
import { metrics } from "../answers/operations.ts";

const metricsQuery = z.object({ format: z.enum(["prometheus", "json"]).default("prometheus") });

/** What tells of the other routes, and how they are used. */
export function metaRoutes(others: readonly Route[]): Route[] {
  const routes: Route[] = [
    route({
      method: "get",
      path: "/metrics",
      summary: "What was counted and measured, for Prometheus or as JSON",
      auth: "metrics:read",
      query: metricsQuery,
      response: [metrics, "text"],
      handle: async ({ ctx, query }) => {
        const { type, text } = await reportMetrics(ctx, query.format);
        return new Response(text, { headers: { "content-type": type } });
      },
    }),
    route({
      method: "get",
      path: "/openapi.json",
      summary: "This API as an OpenAPI document",
      auth: "public",
      response: object,
      handle: ({ ctx }) => Response.json(document(ctx)),
    }),
    route({
      method: "get",
      path: "/docs",
      summary: "This API as a page to read",
      auth: "public",
      response: "page",
      handle: ({ ctx }) =>
        new Response(docsPage(document(ctx)), {
          headers: { "content-type": "text/html; charset=utf-8" },
        }),
    }),
  ];
  const all = [...others, ...routes];
  const document = ({ langgraph: { http } }: Context) =>
    openApi(
      all.filter(({ path }) => !isSwitchedOff(path, http.disabled)),
      http.mountPrefix,
    );
  return routes;
}
