import type { MiddlewareHandler } from "hono";
import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { isLoopback } from "../../core/loopback.ts";
import { InProcess } from "../../domain/in-process.ts";
import { isTrusting, type OriginRules } from "./origin-rules.ts";

/**
 * Where being at this machine is enough to be let in, a browser is at this machine too: what a strange
 * page makes it ask is refused, by the name it asks for and by the page that asks.
 */
export function ownMachinePolicy(ctx: Context, rules: OriginRules): MiddlewareHandler {
  const { host, allowed_hosts } = ctx.settings;
  const names = allowed_hosts
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
  return async (c, next) => {
    if (isTrusting(ctx) && !(c.env instanceof InProcess)) {
      const asked = hostOf(c.req.header("host"));
      if (isLoopback(host) && !isLoopback(asked) && !names.includes(asked)) throw wrongHost(asked);
      // The preflight is answered by the rules themselves.
      if (c.req.method !== "OPTIONS" && !isComponent(c.req.raw)) checkPage(c.req.raw, rules);
    }
    return next();
  };
}

/** Scripts and styles of components are drawn into pages elsewhere, whose tags send no origin. */
const isComponent = ({ method, url }: Request): boolean =>
  method === "GET" && /\/ui\/[\w-]+\/[\w.-]+$/.test(new URL(url).pathname);

const hostOf = (header: string | undefined): string =>
  URL.parse(`http://${header ?? ""}`)?.hostname ?? "";

const wrongHost = (host: string): AppError =>
  new AppError(
    "forbidden",
    `This server is for this machine, and was asked for as ${JSON.stringify(host)}; add the name to allowed_hosts (KAGARI_ALLOWED_HOSTS) if that is meant`,
  );

function checkPage({ method, headers }: Request, rules: OriginRules): void {
  const origin = headers.get("origin");
  if (origin !== null) {
    const isSame = URL.parse(origin)?.host === headers.get("host");
    if (isSame || rules.allow(origin) !== undefined) return;
    throw wrongPage(origin);
  }
  // Without an origin a browser still says that another site asks; to open a page here is harmless.
  const isVisit = method === "GET" && headers.get("sec-fetch-mode") === "navigate";
  if (headers.get("sec-fetch-site") === "cross-site" && !isVisit) throw wrongPage("another site");
}

const wrongPage = (origin: string): AppError =>
  new AppError(
    "forbidden",
    `Pages of ${origin} may not use this server; add the origin to cors_origins (KAGARI_CORS_ORIGINS) if that is meant`,
  );
