import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";

const EXPOSED = ["content-location", "location", "x-pagination-total", "x-pagination-next"];

/** Lets browsers call from the origins named, and pages of public origins reach a private address. */
export function corsPolicy(origins: string): MiddlewareHandler {
  const allowed = origins === "*" ? "*" : origins.split(",").map((origin) => origin.trim());
  const policy = cors({ origin: allowed, exposeHeaders: EXPOSED, maxAge: 600 });
  return async (c, next) => {
    if (c.req.header("access-control-request-private-network") === "true")
      c.header("access-control-allow-private-network", "true");
    return policy(c, next);
  };
}
