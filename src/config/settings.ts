import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { z } from "zod";
import { AppError, ConfigError } from "../core/errors.ts";
import { LOG_LEVELS } from "../core/log.ts";
import type { Environment } from "./environment.ts";
import { checkConfig, readJsonFile } from "./json-file.ts";

interface SettingDoc {
  env: string;
  description: string;
}

const port = z.coerce.number().int().min(0).max(65_535);
const count = z.coerce.number().int().positive();
const text = z.string().min(1);
const LOCAL_MODELS = /^(?:off|(?:(?:ollama|lmstudio)=https?:\/\/[^\s,@?#]+(?:,|$))+)$/;
const yes = z.union([z.boolean(), z.stringbool()]);

/** Every setting: its type and default, the environment variable it equals, and what it does. */
const schema = z.strictObject({
  host: text.default("127.0.0.1"),
  port: port.default(2024),
  config: text.default("langgraph.json"),
  data_dir: text.default(".kagari"),
  database_url: z
    .url({ protocol: /^postgres(ql)?$/, error: "expected postgres://user@host/database" })
    .optional(),
  database_connections: count.default(10),
  models_dir: text.default("config/models"),
  prompts_dir: text.default("prompts"),
  default_model: text.optional(),
  hot_reload: yes.default(true),
  local_models: text
    .regex(LOCAL_MODELS, "expected off, or ollama=URL and lmstudio=URL separated by commas")
    .default("ollama=http://127.0.0.1:11434,lmstudio=http://127.0.0.1:1234"),
  workers: count.default(100),
  log_level: z.enum(LOG_LEVELS).default("info"),
  sqlite_synchronous: z.enum(["FULL", "NORMAL"]).default("FULL"),
  max_body_bytes: count.default(16 * 1024 * 1024),
  header_timeout_seconds: z.coerce.number().positive().default(10),
  request_timeout_seconds: z.coerce.number().positive().default(60),
  max_connections: count.default(20_000),
  heartbeat_seconds: z.coerce.number().positive().default(5),
  lease_seconds: z.coerce.number().positive().default(10),
  run_timeout_seconds: z.coerce.number().nonnegative().default(3600),
  drain_seconds: z.coerce.number().nonnegative().default(10),
  preload: yes.default(false),
  cors_origins: z.string().default("*"),
  assistants: z.string().default("{}"),
  studio_auth: yes.default(true),
  allow_open: yes.default(false),
  allowed_hosts: z.string().default(""),
  test_routes: yes.default(false),
  max_pending_runs: count.default(10_000),
  max_pending_runs_per_owner: count.default(1000),
  cron_catch_up: z.enum(["once", "skip"]).default("once"),
  openai_chore_model: text.optional(),
  openai_tool_progress: yes.default(true),
  openai_on_disconnect: z.enum(["cancel", "continue"]).default("cancel"),
  webhook_secret: text.optional(),
  webhook_allowed_hosts: z.string().default(""),
  public_url: z.url({ protocol: /^https?$/, error: "expected an http or https URL" }).optional(),
  file_retention_days: z.coerce.number().nonnegative().default(0),
  event_retention_seconds: z.coerce.number().nonnegative().default(3600),
  event_retention_count: count.default(10_000),
  reader_lag_events: count.default(1000),
  reader_lag_bytes: count.default(1024 * 1024),
  checkpoint_cache_bytes: z.coerce
    .number()
    .int()
    .nonnegative()
    .default(128 * 1024 * 1024),
  checkpoints_keep: z.coerce.number().int().nonnegative().default(0),
  thread_ttl_minutes: z.coerce.number().positive().optional(),
  thread_ttl_strategy: z.enum(["delete", "keep_latest"]).default("delete"),
});

export const SETTING_DOCS: Record<keyof Settings, SettingDoc> = {
  host: { env: "HOST", description: "Address to listen on" },
  port: { env: "PORT", description: "Port to listen on; 0 takes a free one" },
  config: { env: "KAGARI_CONFIG", description: "Path of langgraph.json, the list of graphs" },
  data_dir: { env: "KAGARI_DATA_DIR", description: "Folder of the embedded database" },
  database_url: {
    env: "DATABASE_URL",
    description: "Postgres shared by any number of processes, instead of the embedded database",
  },
  database_connections: {
    env: "KAGARI_DATABASE_CONNECTIONS",
    description: "Connections of this process to Postgres at most, besides one for signals",
  },
  models_dir: { env: "KAGARI_MODELS_DIR", description: "Folder of the model configs" },
  prompts_dir: { env: "KAGARI_PROMPTS_DIR", description: "Folder of the prompts" },
  default_model: {
    env: "KAGARI_DEFAULT_MODEL",
    description: "Model config used where none is named",
  },
  hot_reload: {
    env: "KAGARI_HOT_RELOAD",
    description: "Take changed model configs while serving; false takes them at the next start",
  },
  local_models: {
    env: "KAGARI_LOCAL_MODELS",
    description: "Where to look for running Ollama and LM Studio servers at start; off for nowhere",
  },
  workers: { env: "KAGARI_WORKERS", description: "Runs executed at the same time by this process" },
  log_level: {
    env: "KAGARI_LOG_LEVEL",
    description: `Least level of log lines: ${LOG_LEVELS.join(", ")}`,
  },
  sqlite_synchronous: {
    env: "KAGARI_SQLITE_SYNCHRONOUS",
    description: "FULL survives a power cut; NORMAL is faster and survives a crash of the process",
  },
  max_body_bytes: { env: "KAGARI_MAX_BODY_BYTES", description: "Largest request body in bytes" },
  header_timeout_seconds: {
    env: "KAGARI_HEADER_TIMEOUT_SECONDS",
    description: "How long the headers of a request may take to come in",
  },
  request_timeout_seconds: {
    env: "KAGARI_REQUEST_TIMEOUT_SECONDS",
    description: "How long a whole request may take to come in; its answer may take longer",
  },
  max_connections: {
    env: "KAGARI_MAX_CONNECTIONS",
    description: "Connections at the same time; one more is closed",
  },
  heartbeat_seconds: {
    env: "KAGARI_HEARTBEAT_SECONDS",
    description: "Pause between heartbeats of an open stream",
  },
  lease_seconds: {
    env: "KAGARI_LEASE_SECONDS",
    description: "How long a silent worker keeps a run",
  },
  run_timeout_seconds: {
    env: "KAGARI_RUN_TIMEOUT_SECONDS",
    description:
      "How long a run may be executed in all before it ends as timeout; 0 for ever. A run may ask for less by config.timeout, in milliseconds",
  },
  drain_seconds: {
    env: "KAGARI_DRAIN_SECONDS",
    description: "How long running runs may go on after SIGTERM",
  },
  preload: {
    env: "KAGARI_PRELOAD",
    description: "Load all graphs at start instead of at their first use",
  },
  cors_origins: {
    env: "KAGARI_CORS_ORIGINS",
    description: "Origins that browsers may call from: * or a comma-separated list",
  },
  studio_auth: {
    env: "KAGARI_STUDIO_AUTH",
    description:
      "Let Studio in past the handlers of auth.path while listening on this machine only; false asks them",
  },
  allow_open: {
    env: "KAGARI_ALLOW_OPEN",
    description:
      "Listen on other addresses than those of this machine though nobody has to sign in",
  },
  allowed_hosts: {
    env: "KAGARI_ALLOWED_HOSTS",
    description:
      "Names that a server on this machine's own address is asked by, such as that of a proxy before it, comma-separated",
  },
  assistants: {
    env: "LANGGRAPH_CONFIG",
    description: "JSON of graph id to config (and context) presets of the system assistants",
  },
  test_routes: {
    env: "KAGARI_TEST_ROUTES",
    description: "Serve POST /internal/truncate, on loopback only",
  },
  max_pending_runs: {
    env: "KAGARI_MAX_PENDING_RUNS",
    description: "Runs that may wait at a time; one more is answered 429",
  },
  max_pending_runs_per_owner: {
    env: "KAGARI_MAX_PENDING_RUNS_PER_OWNER",
    description: "The same for the runs of one owner, where requests are authenticated",
  },
  cron_catch_up: {
    env: "KAGARI_CRON_CATCH_UP",
    description:
      "What becomes of slots of crons missed while nothing ran: one run (once) or none (skip)",
  },
  openai_chore_model: {
    env: "KAGARI_OPENAI_CHORE_MODEL",
    description:
      "Model for what chat clients ask by themselves, such as titles; the model they name, or the default one, when not set",
  },
  openai_tool_progress: {
    env: "KAGARI_OPENAI_TOOL_PROGRESS",
    description: "Show a graph's tools at work as its thinking to OpenAI clients",
  },
  openai_on_disconnect: {
    env: "KAGARI_OPENAI_ON_DISCONNECT",
    description:
      "What becomes of a graph's run when an OpenAI client goes away: cancel, or continue",
  },
  webhook_secret: {
    env: "KAGARI_WEBHOOK_SECRET",
    description: "Key that webhooks are signed with (HMAC-SHA256); unsigned when not set",
  },
  webhook_allowed_hosts: {
    env: "KAGARI_WEBHOOK_ALLOWED_HOSTS",
    description:
      "Hosts (or host:port) that webhooks may reach though they are internal, comma-separated",
  },
  public_url: {
    env: "KAGARI_PUBLIC_URL",
    description:
      "What clients call this server, for the addresses of files, such as https://ai.example.com",
  },
  file_retention_days: {
    env: "KAGARI_FILE_RETENTION_DAYS",
    description: "How long files that models made are kept, in days; 0 for ever",
  },
  event_retention_seconds: {
    env: "KAGARI_EVENT_RETENTION_SECONDS",
    description: "How long the stream of an ended run can be read again",
  },
  event_retention_count: {
    env: "KAGARI_EVENT_RETENTION_COUNT",
    description: "How many events of an ended run are kept at most",
  },
  reader_lag_events: {
    env: "KAGARI_READER_LAG_EVENTS",
    description:
      "How many events of a run a client that stopped reading may miss before its connection is cut; it resumes by Last-Event-ID",
  },
  reader_lag_bytes: {
    env: "KAGARI_READER_LAG_BYTES",
    description: "The same in bytes of the run's record",
  },
  checkpoint_cache_bytes: {
    env: "KAGARI_CHECKPOINT_CACHE_BYTES",
    description:
      "About how much memory what was read of checkpoints may take, so that the next run of a thread finds it; 0 keeps nothing",
  },
  checkpoints_keep: {
    env: "KAGARI_CHECKPOINTS_KEEP",
    description: "How many checkpoints of an idle thread are kept; 0 keeps all",
  },
  thread_ttl_minutes: {
    env: "KAGARI_THREAD_TTL_MINUTES",
    description:
      "Time to live of new threads that name none, from their last change; endless when not set",
  },
  thread_ttl_strategy: {
    env: "KAGARI_THREAD_TTL_STRATEGY",
    description:
      "What becomes of a thread after thread_ttl_minutes: delete, or keep_latest checkpoint",
  },
};

/** Settings that are never shown: keys, and the URL of a database, which has its password in it. */
const SECRET: ReadonlySet<string> = new Set(["database_url", "webhook_secret"]);

export type Settings = z.infer<typeof schema>;

export interface LoadedSettings {
  settings: Settings;
  /** The folder all relative paths of settings start from. */
  root: string;
  /** The process environment over `.env`; secrets of model configs are looked up here. */
  env: Environment;
}

/** Settings from flags, then environment, then config/kagari.json, then defaults. */
export function readSettings(
  flags: Partial<Record<keyof Settings, unknown>>,
  root: string,
): LoadedSettings {
  const env: Environment = { ...readEnvFile(join(root, ".env")), ...process.env };
  const file = join(root, "config", "kagari.json");
  const fromFile = checkConfig(z.record(z.string(), z.unknown()), readJsonFile(file) ?? {}, {
    file,
  });
  checkConfig(schema.partial(), fromFile, { file, keys: Object.keys(SETTING_DOCS) });
  const merged: Record<string, unknown> = { ...fromFile };
  for (const [key, doc] of Object.entries(SETTING_DOCS)) {
    const value = env[doc.env];
    if (value !== undefined && value !== "") merged[key] = checkOne(key, value, doc.env);
  }
  for (const [key, value] of Object.entries(flags)) {
    if (value !== undefined) merged[key] = checkOne(key, value, `--${key.replaceAll("_", "-")}`);
  }
  return { settings: Object.freeze(schema.parse(merged)), root, env: Object.freeze(env) };
}

/** Path of a setting, from the root folder when it is relative. */
export const fromRoot = (root: string, path: string): string =>
  isAbsolute(path) ? path : resolve(root, path);

/** Key and value pairs of an env file; empty when there is none. */
export function readEnvFile(path: string): Record<string, string> {
  if (!existsSync(path)) return {};
  const values = parseEnv(readFileSync(path, "utf8"));
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function checkOne(key: string, value: unknown, source: string): unknown {
  const result = schema.partial().safeParse({ [key]: value });
  if (result.success) return value;
  const reason = result.error.issues[0]?.message ?? "is not valid";
  const got = SECRET.has(key) ? "" : ` (got ${JSON.stringify(value)})`;
  const message = `${source}: ${reason}${got}`;
  throw source.startsWith("--") ? new AppError("bad_request", message) : new ConfigError(message);
}
