import type { MiddlewareHandler } from "hono";
import type { Clock } from "../../core/clock.ts";
import { newId } from "../../core/ids.ts";
import type { Log } from "../../core/log.ts";

/** Names each request in its answer and in the log. */
export function requestLog(log: Log, clock: Clock): MiddlewareHandler {
  return async (c, next) => {
    const request_id = c.req.header("x-request-id")?.slice(0, 128) ?? newId();
    const startedAt = clock.now();
    await next();
    c.res.headers.set("x-request-id", request_id);
    if (log.isLevelEnabled("debug")) {
      const { method, path } = c.req;
      log.debug(
        { request_id, method, path, status: c.res.status, ms: clock.now() - startedAt },
        "request",
      );
    }
  };
}
