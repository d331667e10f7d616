import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";

const EXPOSED = ["content-location", "location", "x-pagination-total", "x-pagination-next"];

/** Lets browsers call from the origins named, and pages of public origins reach a private address. */
export function corsPolicy(origins: string): MiddlewareHandler {
  const allowed = origins === "*" ? "*" : origins.split(",").map((origin) => origin.trim());
  const preflight = cors({ origin: allowed, exposeHeaders: EXPOSED, maxAge: 600 });
  return async (c, next) => {
    if (c.req.method === "OPTIONS") {
      if (c.req.header("access-control-request-private-network") === "true")
        c.header("access-control-allow-private-network", "true");
      return preflight(c, next);
    }
    await next();
    // Set on the answer itself: headers given before it make Hono build it a second time.
    return answerTo(c, allowed);
  };
}

function answerTo(c: Context, allowed: string | string[]): void {
  const { headers } = c.res;
  const origin = c.req.header("origin") ?? "";
  if (allowed === "*") headers.set("access-control-allow-origin", "*");
  else {
    headers.append("vary", "Origin");
    if (allowed.includes(origin)) headers.set("access-control-allow-origin", origin);
  }
  headers.set("access-control-expose-headers", EXPOSED.join(","));
}
