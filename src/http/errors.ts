import type { Context as HonoContext } from "hono";
import { HTTPException } from "hono/http-exception";
import { AppError, RefusedError, STATUS_OF } from "../core/errors.ts";
import type { Log } from "../core/log.ts";

/** The one place where an error becomes an HTTP answer: JSON `{ detail, code, ... }`. */
export function errorHandler(log: Log) {
  return (error: Error, c: HonoContext): Response => {
    if (error instanceof RefusedError) return refusal(error);
    if (error instanceof AppError) {
      const { code, message, details } = error;
      const status = STATUS_OF[code];
      if (status >= 500) log.error({ err: error, path: c.req.path }, message);
      const { retry_after_seconds: retryAfter } = details;
      if (typeof retryAfter === "number") c.header("retry-after", String(retryAfter));
      return c.json({ ...details, detail: message, code }, status);
    }
    if (error instanceof HTTPException)
      return c.json({ detail: error.message, code: "http" }, error.status);
    log.error({ err: error, method: c.req.method, path: c.req.path }, "a request failed");
    return c.json({ detail: "Internal server error", code: "internal" }, 500);
  };
}

function refusal({ status, message, code, headers: own }: RefusedError): Response {
  const headers = new Headers(own);
  headers.set("content-type", "application/json");
  return new Response(JSON.stringify({ detail: message, code }), { status, headers });
}

export const notFound = (c: HonoContext): Response =>
  c.json({ detail: `No route ${c.req.method} ${c.req.path}`, code: "not_found" }, 404);
