import type { Log } from "../core/log.ts";
import { ConfigError } from "../core/errors.ts";
import type { Environment } from "./environment.ts";
import { type LanggraphFile, readLanggraphFile } from "./langgraph-file.ts";
import { fromRoot, type LoadedSettings, type Settings } from "./settings.ts";
import { type WebhookRules, webhookRules } from "./webhook-rules.ts";

/** What is read before anything is opened. */
export interface ReadConfig {
  readonly settings: Settings;
  readonly langgraph: LanggraphFile;
  readonly webhookRules: WebhookRules;
  readonly env: Environment;
}

/** Reads langgraph.json, and what settings and environment make of it. */
export function readConfig(loaded: LoadedSettings, log: Log): ReadConfig {
  const { settings, root } = loaded;
  refuseIdle(settings);
  const langgraph = readLanggraphFile(fromRoot(root, settings.config));
  const { path, ignored } = langgraph;
  if (ignored.length > 0) log.warn({ file: path, fields: ignored }, "fields that are not honoured");
  const env = { ...langgraph.env, ...loaded.env };
  return {
    settings: withTtl(settings, langgraph),
    langgraph,
    webhookRules: webhookRules(langgraph, { allowedHosts: settings.webhook_allowed_hosts, env }),
    env,
  };
}

/** Runs of the embedded database are executed by its own process or not at all. */
function refuseIdle({ workers, database_url }: Settings): void {
  if (workers > 0 || database_url !== undefined) return;
  throw new ConfigError(
    "workers (KAGARI_WORKERS): 0 leaves the runs to other processes, which needs DATABASE_URL; " +
      "expected at least 1",
  );
}

/** The settings, with the time to live that langgraph.json gives threads where they give none. */
function withTtl(settings: Settings, { threadTtl }: LanggraphFile): Settings {
  if (settings.thread_ttl_minutes !== undefined || !threadTtl) return settings;
  const { ttl, strategy } = threadTtl;
  return { ...settings, thread_ttl_minutes: ttl, thread_ttl_strategy: strategy };
}
