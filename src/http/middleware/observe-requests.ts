import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Context } from "../../context.ts";

/** Measures each request under the route that answered it. */
export function observeRequests({ metrics, clock }: Context): MiddlewareHandler {
  return async (c, next) => {
    const startedAt = clock.now();
    await next();
    const ms = clock.now() - startedAt;
    // What no route has answered was seen by the middleware alone, which stands at every path.
    const path = routePath(c, -1);
    const route = path.endsWith("*") ? "" : path;
    metrics.requestHandled({ method: c.req.method, route, status: c.res.status, ms });
  };
}
