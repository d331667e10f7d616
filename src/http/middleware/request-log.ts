import type { MiddlewareHandler } from "hono";
import type { Context } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import { headersBy } from "../header-policy.ts";

/** Names each request in its answer and in the log. */
export function requestLog({
  log,
  clock,
  langgraph,
}: Pick<Context, "log" | "clock" | "langgraph">): MiddlewareHandler {
  const { loggingHeaders } = langgraph.http;
  return async (c, next) => {
    const request_id = c.req.header("x-request-id")?.slice(0, 128) ?? newId();
    const startedAt = clock.now();
    await next();
    c.res.headers.set("x-request-id", request_id);
    if (log.isLevelEnabled("debug")) {
      const { method, path } = c.req;
      const headers = headersBy(loggingHeaders, c.req.raw.headers);
      const ms = clock.now() - startedAt;
      log.debug(
        { request_id, method, path, status: c.res.status, ms, ...(headers ? { headers } : {}) },
        "request",
      );
    }
  };
}
