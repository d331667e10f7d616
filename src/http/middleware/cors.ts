import type { Context, MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { CorsFields } from "../../config/langgraph-schema.ts";

const EXPOSED = [
  "content-location",
  "location",
  "x-pagination-total",
  "x-pagination-next",
  "warning",
];
const MAX_AGE_SECONDS = 600;

/** What an answer says of who may read it. */
interface CorsRules {
  /** The origin that may read, `*` for all, nothing for none. */
  allow(origin: string): string | undefined;
  exposed: string;
  withCredentials: boolean;
}

function rulesOf(origins: string, fields: CorsFields): CorsRules {
  const listed = fields.allow_origins ?? origins.split(",").map((origin) => origin.trim());
  const { allow_origin_regex: text, allow_credentials: withCredentials = false } = fields;
  const pattern = text === undefined ? undefined : new RegExp(`^(?:${text})$`);
  // A pattern alone is the whole list.
  const isListed = new Set(pattern && !fields.allow_origins ? [] : listed);
  return {
    allow: (origin) => {
      // Browsers take no star with credentials.
      if (isListed.has("*")) return withCredentials && origin !== "" ? origin : "*";
      return isListed.has(origin) || pattern?.test(origin) ? origin : undefined;
    },
    exposed: [...new Set([...EXPOSED, ...(fields.expose_headers ?? [])])].join(","),
    withCredentials,
  };
}

/**
 * Lets browsers call from the origins of `http.cors`, else of the setting, and pages of public
 * origins reach a private address.
 */
export function corsPolicy(origins: string, fields: CorsFields = {}): MiddlewareHandler {
  const rules = rulesOf(origins, fields);
  const preflight = cors({
    origin: (origin) => rules.allow(origin),
    credentials: rules.withCredentials,
    maxAge: fields.max_age ?? MAX_AGE_SECONDS,
    ...(fields.allow_methods ? { allowMethods: fields.allow_methods } : {}),
    ...(fields.allow_headers ? { allowHeaders: fields.allow_headers } : {}),
  });
  return async (c, next) => {
    if (c.req.method === "OPTIONS") {
      if (c.req.header("access-control-request-private-network") === "true")
        c.header("access-control-allow-private-network", "true");
      return preflight(c, next);
    }
    await next();
    // Set on the answer itself: headers given before it make Hono build it a second time.
    return answerTo(c, rules);
  };
}

function answerTo(c: Context, rules: CorsRules): void {
  const { headers } = c.res;
  const allowed = rules.allow(c.req.header("origin") ?? "");
  if (allowed !== "*") headers.append("vary", "Origin");
  if (allowed !== undefined) headers.set("access-control-allow-origin", allowed);
  if (rules.withCredentials) headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-expose-headers", rules.exposed);
}
