import { dirname, resolve } from "node:path";
import { ConfigError } from "../core/errors.ts";
import type { ThreadTtl } from "../domain/thread.ts";
import { checkConfig, readJsonFile } from "./json-file.ts";
import {
  HARMLESS,
  langgraphFields,
  type LanggraphFields,
  type WebhookFields,
} from "./langgraph-schema.ts";
import { type HttpConfig, httpOf } from "./langgraph-http.ts";
import { isModule, moduleExport, type ModuleExport } from "./module-export.ts";
import { readEnvFile } from "./settings.ts";
import { unknownKeys } from "./unknown-keys.ts";

export interface GraphSource extends ModuleExport {
  graph_id: string;
  description: string | null;
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

/** React components that graphs show themselves with. */
export interface UiConfig {
  /** Absolute path of the module by name, which is a graph's or one of the operator's own. */
  modules: ReadonlyMap<string, string>;
  /** Packages that the page brings, besides React and the SDK. */
  shared: readonly string[];
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
  ui: UiConfig;
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
    ui: uiOf(fields, path),
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

const uiOf = ({ ui, ui_config }: LanggraphFields, path: string): UiConfig => ({
  modules: new Map(
    Object.entries(ui ?? {}).map(([name, file]) => [name, resolve(dirname(path), file)]),
  ),
  shared: ui_config?.shared ?? [],
});
