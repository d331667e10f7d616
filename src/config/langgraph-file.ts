import { dirname, isAbsolute, resolve } from "node:path";
import { ConfigError } from "../core/errors.ts";
import type { ThreadTtl } from "../domain/thread.ts";
import { checkConfig, readJsonFile } from "./json-file.ts";
import {
  type CorsFields,
  HARMLESS,
  langgraphFields,
  type LanggraphFields,
  type WebhookFields,
} from "./langgraph-schema.ts";
import { readEnvFile } from "./settings.ts";
import { unknownKeys } from "./unknown-keys.ts";

/** An export of a module that the operator wrote. */
export interface ModuleExport {
  /** Absolute path of the module. */
  file: string;
  exportName: string;
}

export interface GraphSource extends ModuleExport {
  graph_id: string;
  description: string | null;
}

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

export interface HttpConfig {
  /** A Hono app of the operator's own, served before the routes of this server. */
  app: ModuleExport | undefined;
  disabled: ReadonlySet<RouteGroup>;
  cors: CorsFields | undefined;
  /** Which request headers reach a run's `configurable`: names, `*` stands for any signs. */
  configurableHeaders: { include: readonly string[] | undefined; exclude: readonly string[] };
  /** Starts with a slash, or is empty. */
  mountPrefix: string;
}

export interface StoreConfig {
  index: { dims: number; embed: string | ModuleExport; fields: readonly string[] } | undefined;
  /** Minutes that items live that say nothing themselves. */
  defaultTtl: number | undefined;
  refreshOnRead: boolean;
  sweepMinutes: number;
}

export interface AuthConfig {
  /** Handlers of the operator's own that say who somebody is and what they may do. */
  handlers: ModuleExport | undefined;
  /** Whether Studio, on this machine, is let in without asking them. */
  admitsStudio: boolean;
}

/** How expired threads are looked for. */
export interface ThreadSweep {
  everyMinutes: number;
  /** Threads of one sweep at most. */
  limit: number;
}

/** langgraph.json, read and checked. */
export interface LanggraphFile {
  path: string;
  graphs: GraphSource[];
  /** Variables of its `env` field: the file it names, or the map itself. */
  env: Record<string, string>;
  /** The time to live of threads that name none, in minutes. */
  threadTtl: ThreadTtl | undefined;
  threadSweep: ThreadSweep;
  store: StoreConfig;
  http: HttpConfig;
  webhooks: WebhookFields | undefined;
  auth: AuthConfig;
  /** Fields that this server does not honour, with what was probably meant. */
  ignored: string[];
}

/** Reads langgraph.json, the only list of graphs. */
export function readLanggraphFile(path: string): LanggraphFile {
  const value = readJsonFile(path);
  if (value === undefined) {
    throw new ConfigError(
      `${path}: not found; it lists the graphs, as {"graphs": {"chat": "./graphs/chat.ts:graph"}}`,
    );
  }
  const fields = checkConfig(langgraphFields, value, { file: path });
  const { env } = fields;
  return {
    path,
    graphs: graphsOf(fields, path),
    env: typeof env === "string" ? readEnvFile(resolve(dirname(path), env)) : (env ?? {}),
    ...threadsOf(fields),
    store: storeOf(fields, path),
    http: httpOf(fields, path),
    webhooks: fields.webhooks ?? undefined,
    auth: authOf(fields, path),
    ignored: unknownKeys(langgraphFields, value).filter((key) => !HARMLESS.has(key)),
  };
}

const graphsOf = ({ graphs }: LanggraphFields, path: string): GraphSource[] =>
  Object.entries(graphs).map(([graph_id, entry]) => ({
    graph_id,
    ...moduleExport(typeof entry === "string" ? entry : entry.path, {
      path,
      key: `graphs.${graph_id}`,
      example: "./graphs/chat.ts:graph",
    }),
    description: typeof entry === "string" ? null : (entry.description ?? null),
  }));

function threadsOf({ checkpointer }: LanggraphFields) {
  const { default_ttl: ttl, strategy = "delete" } = checkpointer?.ttl ?? {};
  const { sweep_interval_minutes, sweep_limit } = checkpointer?.ttl ?? {};
  return {
    threadTtl: ttl === undefined ? undefined : { ttl, strategy },
    threadSweep: { everyMinutes: sweep_interval_minutes ?? 0, limit: sweep_limit ?? Infinity },
  };
}

function storeOf({ store }: LanggraphFields, path: string): StoreConfig {
  const { index, ttl } = store ?? {};
  const at = { path, key: "store.index.embed", example: "./src/embed.ts:embed" };
  return {
    index: index && {
      dims: index.dims,
      // A model id has no file in it.
      embed: isModule(index.embed) ? moduleExport(index.embed, at) : index.embed,
      fields: index.fields ?? ["$"],
    },
    defaultTtl: ttl?.default_ttl ?? undefined,
    refreshOnRead: ttl?.refresh_on_read ?? true,
    sweepMinutes: ttl?.sweep_interval_minutes ?? 0,
  };
}

function authOf({ auth }: LanggraphFields, path: string): AuthConfig {
  const { path: spec, disable_studio_auth: isStudioOff = false } = auth ?? {};
  const at = { path, key: "auth.path", example: "./src/auth.ts:auth" };
  // Without the name of an export it is the default one, as the reference has it.
  const named = spec !== undefined && !isModule(spec) ? `${spec}:default` : spec;
  return {
    handlers: named === undefined ? undefined : moduleExport(named, at),
    admitsStudio: !isStudioOff,
  };
}

function httpOf({ http }: LanggraphFields, path: string): HttpConfig {
  const { app, cors, configurable_headers: headers, mount_prefix } = http ?? {};
  const at = { path, key: "http.app", example: "./src/app.ts:app" };
  return {
    app: app === undefined ? undefined : moduleExport(app, at),
    disabled: new Set(ROUTE_GROUPS.filter((group) => http?.[`disable_${group}`])),
    cors: cors ?? undefined,
    configurableHeaders: {
      include: headers?.include ?? headers?.includes ?? undefined,
      exclude: headers?.exclude ?? headers?.excludes ?? [],
    },
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

const isModule = (spec: string): boolean => /^[./].*:|\.[cm]?[jt]sx?:/.test(spec);

/** What `file:export` names; relative files start from the folder of langgraph.json. */
function moduleExport(
  spec: string,
  at: { path: string; key: string; example: string },
): ModuleExport {
  const match = /^(?<file>.+?):(?<name>[A-Za-z_$][\w$]*)$/.exec(spec);
  const { file, name } = match?.groups ?? {};
  if (!file || !name) {
    throw new ConfigError(
      `${at.path}: ${at.key}: expected "file:export" such as "${at.example}", got ${JSON.stringify(spec)}`,
    );
  }
  return {
    file: isAbsolute(file) ? file : resolve(dirname(at.path), file),
    exportName: name,
  };
}
