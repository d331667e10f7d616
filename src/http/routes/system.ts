import { z } from "zod";
import { VERSION } from "../../core/version.ts";
import { STREAM_MODES } from "../../domain/run.ts";
import { AppError } from "../../core/errors.ts";
import { truncate } from "../../services/truncate.ts";
import { type Route, route } from "../route.ts";
import { RUN_FIELDS } from "../schemas.ts";

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);

export const systemRoutes: Route[] = [
  route({
    method: "get",
    path: "/ok",
    summary: "Answers once requests are served",
    auth: "public",
    response: z.object({ ok: z.literal(true) }),
    handle: () => Response.json({ ok: true }),
  }),
  route({
    method: "get",
    path: "/info",
    summary: "What this server is and honours",
    auth: "public",
    response: z.object({
      version: z.string(),
      langgraph_js_version: z.string(),
      context: z.literal("js"),
      flags: z.record(z.string(), z.boolean()),
      host: z.object({ kind: z.string() }),
      stream_modes: z.array(z.string()),
      run_fields: z.array(z.string()),
    }),
    handle: () =>
      Response.json({
        version: VERSION.kagari,
        langgraph_js_version: VERSION.langgraph,
        context: "js",
        flags: {
          assistants: true,
          crons: true,
          langsmith: false,
          langsmith_tracing_replicas: false,
        },
        host: { kind: "self-hosted" },
        stream_modes: STREAM_MODES,
        run_fields: RUN_FIELDS,
      }),
  }),
  route({
    method: "post",
    path: "/internal/truncate",
    summary: "Deletes rows by kind; for tests, on loopback only",
    auth: "internal:truncate",
    body: z.object({
      runs: z.boolean().optional(),
      threads: z.boolean().optional(),
      assistants: z.boolean().optional(),
      checkpointer: z.boolean().optional(),
      store: z.boolean().optional(),
    }),
    response: z.object({ ok: z.literal(true) }),
    handle: async ({ ctx, body }) => {
      const { test_routes, host } = ctx.settings;
      if (!test_routes || !LOOPBACK.has(host))
        throw new AppError("not_found", "No route POST /internal/truncate");
      await truncate(ctx, body);
      return Response.json({ ok: true });
    },
  }),
];
