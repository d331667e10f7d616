import { Hono } from "hono";
import { getPath } from "hono/utils/url";
import type { Context } from "./context.ts";
import { mountCustomApp } from "./http/custom-app.ts";
import { errorHandler, notFound } from "./http/errors.ts";
import { corsPolicy } from "./http/middleware/cors.ts";
import { observeRequests } from "./http/middleware/observe-requests.ts";
import { originRules } from "./http/middleware/origin-rules.ts";
import { ownMachinePolicy } from "./http/middleware/own-machine.ts";
import { requestLog } from "./http/middleware/request-log.ts";
import { isSwitchedOff } from "./http/route-groups.ts";
import { serveRoutes } from "./http/router.ts";
import { routes } from "./http/routes/index.ts";

/** Chat clients whose base URL ends with a slash send two of them. */
const pathOf = (request: Request): string => getPath(request).replace(/^\/{2,}(?=v1\/)/, "/");

/** The whole HTTP app over a context; opens nothing by itself. */
export function createApp(ctx: Context): Hono {
  const { cors, disabled, mountPrefix } = ctx.langgraph.http;
  const app = new Hono({ getPath: pathOf });
  app.use(requestLog(ctx));
  app.use(observeRequests(ctx));
  const rules = originRules(ctx);
  app.use(ownMachinePolicy(ctx, rules));
  app.use(corsPolicy(rules, cors ?? {}));
  app.onError(errorHandler(ctx.log));
  app.notFound(notFound);
  const served = routes.filter(({ path }) => !isSwitchedOff(path, disabled));
  mountCustomApp(app, ctx, served);
  serveRoutes(app, ctx, served);
  const whole = mountPrefix === "" ? app : mountedAt(mountPrefix, app);
  ctx.loopback.serve((request, env) => whole.fetch(request, env));
  return whole;
}

/** The app under a path; whoever asks whether the server is alive need not know it. */
function mountedAt(prefix: string, app: Hono): Hono {
  const outer = new Hono();
  outer.notFound(notFound);
  outer.get("/ok", (c) => app.fetch(c.req.raw, c.env));
  outer.route(prefix, app);
  return outer;
}
