import type { Hono, MiddlewareHandler } from "hono";
import { TrieRouter } from "hono/router/trie-router";
import type { Context } from "../../context.ts";
import { actorOfRequest } from "../request-actor.ts";
import type { Route } from "../route.ts";

interface Parts {
  routes: readonly Route[];
  /** The operator's app, whose own routes may take the place of public ones. */
  custom: Hono;
}

/**
 * Finds out who asks before the operator's app has its turn, which then knows them as `c.get("auth")`.
 * Which of the app's handlers answer and which only pass on cannot be told, so where its routes are to be
 * authenticated all requests are, but for those that this server answers to everybody.
 */
export function earlyAuth(ctx: Context, { routes, custom }: Parts): MiddlewareHandler {
  const { authenticatesApp, mountPrefix } = ctx.langgraph.http;
  const ours = new TrieRouter<Route>();
  for (const entry of routes) ours.add(entry.method.toUpperCase(), entry.path, entry);
  const theirs = new TrieRouter<true>();
  for (const { method, path } of custom.routes)
    if (!path.endsWith("*")) theirs.add(method, path, true);
  const asks = (method: string, path: string): boolean => {
    const [match] = ours.match(method, path)[0];
    if (match === undefined) return authenticatesApp;
    const isTheirs = authenticatesApp && theirs.match(method, path)[0].length > 0;
    return isTheirs || match[0].auth !== "public";
  };
  return async (c, next) => {
    const { method, path } = c.req;
    // Whoever asks whether the server is alive need not know the prefix.
    const own = path.startsWith(mountPrefix) ? path.slice(mountPrefix.length) : path;
    if (asks(method, own)) {
      const { user, permissions } = await actorOfRequest(ctx, c);
      c.set("auth", { user, scopes: permissions });
    }
    await next();
  };
}
