import type { CorsFields, HeaderFields, LanggraphFields } from "./langgraph-schema.ts";
import { moduleExport, type ModuleExport } from "./module-export.ts";

/** Groups of routes that `http.disable_*` switches off. */
export type RouteGroup =
  | "assistants"
  | "threads"
  | "runs"
  | "store"
  | "meta"
  | "mcp"
  | "a2a"
  | "ui"
  | "webhooks";

/** Which request headers go somewhere: names, `*` stands for any signs. */
export interface HeaderPolicy {
  include: readonly string[];
  exclude: readonly string[];
}

/** What a run's configurable gets where nothing else is said. */
export const DEFAULT_CONFIGURABLE: readonly string[] = ["x-*", "user-agent"];

export interface HttpConfig {
  /** A Hono app of the operator's own, served before the routes of this server. */
  app: ModuleExport | undefined;
  disabled: ReadonlySet<RouteGroup>;
  cors: CorsFields | undefined;
  configurableHeaders: HeaderPolicy;
  loggingHeaders: HeaderPolicy;
  /** Whether it is known who asks before the app's middleware has its turn. */
  authFirst: boolean;
  /** Whether the app's own routes are for those only who may use the server. */
  authenticatesApp: boolean;
  /** Starts with a slash, or is empty. */
  mountPrefix: string;
}

const policyOf = (
  fields: HeaderFields | null | undefined,
  include: readonly string[],
): HeaderPolicy => ({
  include: fields?.include ?? fields?.includes ?? include,
  exclude: fields?.exclude ?? fields?.excludes ?? [],
});

/** The fields of `http`. */
export function httpOf({ http }: LanggraphFields, path: string): HttpConfig {
  const { app, cors, mount_prefix, middleware_order, enable_custom_route_auth } = http ?? {};
  const at = { path, key: "http.app", example: "./src/app.ts:app" };
  return {
    app: app === undefined ? undefined : moduleExport(app, at),
    disabled: new Set(ROUTE_GROUPS.filter((group) => http?.[`disable_${group}`])),
    cors: cors ?? undefined,
    configurableHeaders: policyOf(http?.configurable_headers, DEFAULT_CONFIGURABLE),
    loggingHeaders: policyOf(http?.logging_headers, []),
    authFirst: middleware_order === "auth_first",
    authenticatesApp: enable_custom_route_auth ?? false,
    mountPrefix: mount_prefix ?? "",
  };
}

const ROUTE_GROUPS: readonly RouteGroup[] = [
  "assistants",
  "threads",
  "runs",
  "store",
  "meta",
  "mcp",
  "a2a",
  "ui",
  "webhooks",
];
