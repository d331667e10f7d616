import type { Context as HonoContext, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { CorsFields } from "../../config/langgraph-schema.ts";
import type { OriginRules } from "./origin-rules.ts";

const EXPOSED = [
  "content-location",
  "location",
  "x-pagination-total",
  "x-pagination-next",
  "warning",
];
const MAX_AGE_SECONDS = 600;
const PRIVATE_NETWORK = "access-control-request-private-network";

/** Lets browsers call from the origins of the rules, and pages of public ones reach a private address. */
export function corsPolicy(rules: OriginRules, fields: CorsFields = {}): MiddlewareHandler {
  const exposed = [...new Set([...EXPOSED, ...(fields.expose_headers ?? [])])].join(",");
  const preflight = cors({
    origin: (origin) => rules.allow(origin),
    credentials: fields.allow_credentials ?? false,
    maxAge: fields.max_age ?? MAX_AGE_SECONDS,
    ...(fields.allow_methods ? { allowMethods: fields.allow_methods } : {}),
    ...(fields.allow_headers ? { allowHeaders: fields.allow_headers } : {}),
  });
  return async (c, next) => {
    const allowed = rules.allow(c.req.header("origin") ?? "");
    if (c.req.method === "OPTIONS") {
      if (allowed !== undefined && c.req.header(PRIVATE_NETWORK) === "true")
        c.header("access-control-allow-private-network", "true");
      return preflight(c, next);
    }
    await next();
    // Set on the answer itself: headers given before it make Hono build it a second time.
    return answerTo(c, { allowed, exposed, withCredentials: fields.allow_credentials });
  };
}

interface Said {
  allowed: string | undefined;
  exposed: string;
  withCredentials: boolean | undefined;
}

function answerTo(c: HonoContext, { allowed, exposed, withCredentials }: Said): void {
  const { headers } = c.res;
  if (allowed !== "*") headers.append("vary", "Origin");
  if (allowed !== undefined) headers.set("access-control-allow-origin", allowed);
  if (withCredentials) headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-expose-headers", exposed);
}
