import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Hono } from "hono";
import type { LanggraphFile } from "../config/langgraph-file.ts";
import type { Context } from "../context.ts";
import { ConfigError, reasonOf } from "../core/errors.ts";
import { earlyAuth } from "./middleware/early-auth.ts";
import type { Route } from "./route.ts";

/** Recognised by shape, since it may come from another copy of Hono. */
const isHono = (value: unknown): value is Hono =>
  typeof value === "object" &&
  value !== null &&
  "routes" in value &&
  Array.isArray(value.routes) &&
  "fetch" in value &&
  typeof value.fetch === "function";

/** Imports the app of `http.app`, if there is one; whatever is wrong with it stops the start. */
export async function loadCustomApp({ path, http }: LanggraphFile): Promise<Hono | undefined> {
  if (http.app === undefined) return undefined;
  const { file, exportName } = http.app;
  const bad = (why: string, cause?: unknown) =>
    new ConfigError(`${path}: http.app: ${file} ${why}`, { cause });
  if (!existsSync(file)) throw bad("does not exist");
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw bad(`failed on import: ${reasonOf(error)}`, error);
  }
  const app = module[exportName];
  if (isHono(app)) return app;
  throw bad(
    app === undefined
      ? `has no export named ${JSON.stringify(exportName)}`
      : `has at ${JSON.stringify(exportName)} no app of Hono`,
  );
}

/** Puts the operator's app before the routes of this server: its own win, its middleware is around all. */
export function mountCustomApp(app: Hono, ctx: Context, routes: readonly Route[]): void {
  const { customApp: custom, langgraph } = ctx;
  if (!isHono(custom)) return;
  const { authFirst, authenticatesApp } = langgraph.http;
  if (authFirst || authenticatesApp) app.use(earlyAuth(ctx, { routes, custom }));
  app.route("/", custom);
}
