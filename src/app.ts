import { Hono } from "hono";
import type { Context } from "./context.ts";
import { errorHandler, notFound } from "./http/errors.ts";
import { corsPolicy } from "./http/middleware/cors.ts";
import { requestLog } from "./http/middleware/request-log.ts";
import { serveRoutes } from "./http/router.ts";
import { routes } from "./http/routes/index.ts";

/** The whole HTTP app over a context; opens nothing by itself. */
export function createApp(ctx: Context): Hono {
  const app = new Hono();
  app.use(requestLog(ctx.log, ctx.clock));
  app.use(corsPolicy(ctx.settings.cors_origins));
  app.onError(errorHandler(ctx.log));
  app.notFound(notFound);
  serveRoutes(app, ctx, routes);
  return app;
}
