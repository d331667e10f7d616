import type { HttpBindings } from "@hono/node-server";
import type { Context as HonoContext, Hono } from "hono";
import type { z } from "zod";
import type { Context } from "../context.ts";
import { AppError } from "../core/errors.ts";
import { type Actor, ANONYMOUS, isInScope } from "../domain/actor.ts";
import { allowed } from "../services/access.ts";
import { refuseWhileDraining } from "../services/draining.ts";
import { readBody } from "./body.ts";
import { withBudget } from "./budget-headers.ts";
import { handleOnce } from "./middleware/idempotency.ts";
import { heldUntilEnd } from "./held-response.ts";
import { actorOfRequest } from "./request-actor.ts";
import type { ApiRequest, Route } from "./route.ts";
import { upgradeTo } from "./websocket.ts";

/** Serves a table of routes: each part of a request is checked before its handler sees it. */
export function serveRoutes(app: Hono, ctx: Context, routes: readonly Route[]): void {
  for (const entry of routes) {
    app.on(entry.method.toUpperCase(), entry.path, async (c) => {
      const response = await answer(entry, ctx, c);
      return ctx.customApp ? withPrepared(c, response) : response;
    });
  }
}

/** An answer with the headers that middleware of the operator's app has set before it. */
function withPrepared(c: HonoContext, response: Response): Response {
  for (const [name, value] of c.newResponse(null).headers)
    if (!response.headers.has(name)) response.headers.append(name, value);
  return response;
}

/** Resources whose services decide on each thing they touch; on all others the router does. */
const DECIDED_BY_SERVICES: ReadonlySet<string> = new Set([
  "threads",
  "assistants",
  "crons",
  "store",
  "webhooks",
  "files",
  "feedback",
  "knowledge",
  "tasks",
  "responses",
]);

/** Errors of a foreign protocol are answered in its own shape, all others by the app. */
async function answer(entry: Route, server: Context, c: HonoContext): Promise<Response> {
  if (entry.onError === undefined) return await admitted(entry, server, c);
  try {
    return await admitted(entry, server, c);
  } catch (error) {
    return entry.onError(error, server.log);
  }
}

async function admitted(entry: Route, server: Context, c: HonoContext): Promise<Response> {
  const isPublic = entry.auth === "public";
  const actor = isPublic ? ANONYMOUS : await actorOfRequest(server, c);
  checkScope(actor, { event: entry.auth, path: entry.path });
  const countOut = server.guard.admit(actor);
  try {
    const ctx = { ...server, actor };
    const served = await serve(entry, ctx, c);
    const response = entry.spends ? await withBudget(ctx, served) : served;
    return countOut ? heldUntilEnd(response, countOut) : response;
  } catch (error) {
    countOut?.();
    throw error;
  }
}

/** A key may be limited to some routes. */
function checkScope({ user }: Actor, deed: { event: string; path: string }): void {
  if (user?.key_id === undefined || isInScope(user.permissions, deed)) return;
  throw new AppError("forbidden", `The key is not for ${deed.event}`);
}

async function serve(entry: Route, ctx: Context, c: HonoContext): Promise<Response> {
  const { raw } = c.req;
  const params = check(entry.params, c.req.param(), "path");
  const query = check(entry.query, queryOf(c), "query");
  const isFile = entry.takesFile === true && c.req.query("source") !== undefined;
  const body =
    entry.body && !isFile
      ? check(entry.body, (await bodyOf(c, ctx.settings.max_body_bytes)) ?? {}, "body")
      : undefined;
  const [resource = ""] = entry.auth.split(":");
  if (resource !== "public" && !DECIDED_BY_SERVICES.has(resource))
    await allowed(ctx, entry.auth, { params, query, body });
  const heartbeatMs = ctx.settings.heartbeat_seconds * 1000;
  const request: ApiRequest<unknown, unknown, unknown> = {
    ctx,
    params,
    query,
    body,
    file: isFile ? raw : undefined,
    headers: raw.headers,
    // Made when it is asked for: most requests have no use for it.
    get signal() {
      return raw.signal;
    },
    drop: dropOf(c),
    upgrade: (open) => upgradeTo(c, { open, heartbeatMs }),
  };
  if (entry.creates === undefined) return entry.handle(request);
  refuseWhileDraining(ctx);
  return handleOnce(entry, request, c.req.path);
}

/** Middleware of the operator's app may have read the body, which Hono then keeps. */
async function bodyOf(c: HonoContext, maxBytes: number): Promise<unknown> {
  const { raw } = c.req;
  if (!raw.bodyUsed) return readBody(raw, maxBytes);
  return readBody(new Request(raw.url, { method: "POST", body: await c.req.text() }), maxBytes);
}

/** Node's server hands its response along; other servers that an app may be mounted in do not. */
function dropOf(c: HonoContext): (() => void) | undefined {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  return outgoing && (() => void outgoing.destroy());
}

/** A repeated query key is a list. */
function queryOf(c: HonoContext): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([key, values]) => [
      key,
      values.length === 1 ? (values[0] ?? "") : values,
    ]),
  );
}

function check(schema: z.ZodType | undefined, value: unknown, place: string): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    loc: [place, ...path.map(String)],
    msg: message,
  }));
  const detail = errors.map(({ loc, msg }) => `${loc.join(".")}: ${msg}`).join("; ");
  throw new AppError("validation", detail, { details: { errors } });
}
