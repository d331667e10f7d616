import { z } from "zod";
import { count, text, yes } from "./types.ts";

/** How runs are executed, and how long what they leave is kept. */
export const RUNNING = {
  workers: {
    type: z.coerce.number().int().nonnegative().default(100),
    env: "KAGARI_WORKERS",
    description:
      "Runs executed at the same time by this process; 0 leaves them to other processes on the same database",
  },
  lease_seconds: {
    type: z.coerce.number().positive().default(10),
    env: "KAGARI_LEASE_SECONDS",
    description: "How long a silent worker keeps a run",
  },
  run_timeout_seconds: {
    type: z.coerce.number().nonnegative().default(3600),
    env: "KAGARI_RUN_TIMEOUT_SECONDS",
    description:
      "How long a run may be executed in all before it ends as timeout; 0 for ever. A run may ask for less by config.timeout, in milliseconds",
  },
  preload: {
    type: yes.default(false),
    env: "KAGARI_PRELOAD",
    description: "Load all graphs at start instead of at their first use",
  },
  assistants: {
    type: z.string().default("{}"),
    env: "LANGGRAPH_CONFIG",
    description: "JSON of graph id to config (and context) presets of the system assistants",
  },
  max_pending_runs: {
    type: count.default(10_000),
    env: "KAGARI_MAX_PENDING_RUNS",
    description: "Runs that may wait at a time; one more is answered 429",
  },
  max_pending_runs_per_owner: {
    type: count.default(1000),
    env: "KAGARI_MAX_PENDING_RUNS_PER_OWNER",
    description: "The same for the runs of one owner, where requests are authenticated",
  },
  cron_catch_up: {
    type: z.enum(["once", "skip"]).default("once"),
    env: "KAGARI_CRON_CATCH_UP",
    description:
      "What becomes of slots of crons missed while nothing ran: one run (once) or none (skip)",
  },
  webhook_secret: {
    type: text.optional(),
    env: "KAGARI_WEBHOOK_SECRET",
    description: "Key that webhooks are signed with (HMAC-SHA256); unsigned when not set",
  },
  webhook_allowed_hosts: {
    type: z.string().default(""),
    env: "KAGARI_WEBHOOK_ALLOWED_HOSTS",
    description:
      "Hosts (or host:port) that webhooks may reach though they are internal, comma-separated",
  },
  file_retention_days: {
    type: z.coerce.number().nonnegative().default(0),
    env: "KAGARI_FILE_RETENTION_DAYS",
    description: "How long files that models made are kept, in days; 0 for ever",
  },
  usage_retention_days: {
    type: z.coerce.number().nonnegative().default(0),
    env: "KAGARI_USAGE_RETENTION_DAYS",
    description: "How long each recorded model call is kept, in days; 0 for ever. Sums stay",
  },
  event_retention_seconds: {
    type: z.coerce.number().nonnegative().default(3600),
    env: "KAGARI_EVENT_RETENTION_SECONDS",
    description: "How long the stream of an ended run can be read again",
  },
  event_retention_count: {
    type: count.default(10_000),
    env: "KAGARI_EVENT_RETENTION_COUNT",
    description: "How many events of an ended run are kept at most",
  },
  knowledge_cache_bytes: {
    type: z.coerce
      .number()
      .int()
      .nonnegative()
      .default(256 * 1024 * 1024),
    env: "KAGARI_KNOWLEDGE_CACHE_BYTES",
    description:
      "Memory for the vectors of large collections of documents; those that do not fit are read from the database at each search",
  },
  checkpoint_cache_bytes: {
    type: z.coerce
      .number()
      .int()
      .nonnegative()
      .default(128 * 1024 * 1024),
    env: "KAGARI_CHECKPOINT_CACHE_BYTES",
    description:
      "About how much memory what was read of checkpoints may take, so that the next run of a thread finds it; 0 keeps nothing",
  },
  checkpoints_keep: {
    type: z.coerce.number().int().nonnegative().default(0),
    env: "KAGARI_CHECKPOINTS_KEEP",
    description: "How many checkpoints of an idle thread are kept; 0 keeps all",
  },
  thread_ttl_minutes: {
    type: z.coerce.number().positive().optional(),
    env: "KAGARI_THREAD_TTL_MINUTES",
    description:
      "Time to live of new threads that name none, from their last change; endless when not set",
  },
  thread_ttl_strategy: {
    type: z.enum(["delete", "keep_latest"]).default("delete"),
    env: "KAGARI_THREAD_TTL_STRATEGY",
    description:
      "What becomes of a thread after thread_ttl_minutes: delete, or keep_latest checkpoint",
  },
};
