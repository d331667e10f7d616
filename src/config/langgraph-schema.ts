import { z } from "zod";
import { TTL_STRATEGIES } from "../domain/thread.ts";

const names = z.array(z.string().min(1));
const minutes = z.number().positive();
const graphEntry = z.union([
  z.string().min(1),
  z.object({ path: z.string().min(1), description: z.string().optional() }),
]);

const storeFields = z.object({
  index: z
    .object({
      dims: z.number().int().positive(),
      embed: z.string().min(1),
      fields: names.min(1).optional(),
    })
    .optional(),
  ttl: z
    .object({
      default_ttl: minutes.nullish(),
      refresh_on_read: z.boolean().optional(),
      sweep_interval_minutes: minutes.nullish(),
    })
    .optional(),
});

const checkpointerFields = z.object({
  ttl: z
    .object({
      strategy: z.enum(TTL_STRATEGIES).default("delete"),
      default_ttl: minutes.optional(),
      sweep_interval_minutes: minutes.optional(),
      sweep_limit: z.number().int().positive().optional(),
    })
    .optional(),
});

const regex = z.string().refine(isRegex, "expected a regular expression");

const corsFields = z.object({
  allow_origins: names.optional(),
  allow_origin_regex: regex.optional(),
  allow_methods: names.optional(),
  allow_headers: names.optional(),
  allow_credentials: z.boolean().optional(),
  expose_headers: names.optional(),
  max_age: z.number().int().nonnegative().optional(),
});

/** The documentation says `include`, the schema of the reference `includes`. */
const headerFields = z.object({
  include: names.nullish(),
  exclude: names.nullish(),
  includes: names.nullish(),
  excludes: names.nullish(),
});

const httpFields = z.object({
  app: z.string().min(1).optional(),
  disable_assistants: z.boolean().optional(),
  disable_threads: z.boolean().optional(),
  disable_runs: z.boolean().optional(),
  disable_store: z.boolean().optional(),
  disable_meta: z.boolean().optional(),
  disable_mcp: z.boolean().optional(),
  disable_a2a: z.boolean().optional(),
  disable_ui: z.boolean().optional(),
  disable_webhooks: z.boolean().optional(),
  cors: corsFields.nullish(),
  configurable_headers: headerFields.nullish(),
  logging_headers: headerFields.nullish(),
  middleware_order: z.enum(["middleware_first", "auth_first"]).optional(),
  enable_custom_route_auth: z.boolean().optional(),
  mount_prefix: z
    .string()
    .regex(/^(\/[A-Za-z0-9_~.-]+)+$/, 'expected a path such as "/agents", without a last slash')
    .optional(),
});

const webhookFields = z.object({
  env_prefix: z.string().min(1).default("LG_WEBHOOK_"),
  headers: z.record(z.string(), z.string()).optional(),
  url: z
    .object({
      require_https: z.boolean().optional(),
      allowed_domains: names.optional(),
      allowed_ports: z.array(z.number().int().min(1).max(65_535)).optional(),
      max_url_length: z.number().int().positive().optional(),
      disable_loopback: z.boolean().optional(),
    })
    .optional(),
});

const authFields = z.object({
  path: z.string().min(1).optional(),
  disable_studio_auth: z.boolean().optional(),
});

/** The fields of langgraph.json that are honoured. */
export const langgraphFields = z.object({
  graphs: z.record(
    z.string().regex(/^[A-Za-z0-9_-]+$/, "a graph id has only letters, digits, - and _"),
    graphEntry,
  ),
  env: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
  store: storeFields.nullish(),
  checkpointer: checkpointerFields.nullish(),
  http: httpFields.nullish(),
  webhooks: webhookFields.nullish(),
  auth: authFields.nullish(),
  ui: z
    .record(
      z.string().regex(/^[A-Za-z0-9_-]+$/, "a name has only letters, digits, - and _"),
      z.string().min(1),
    )
    .nullish(),
  ui_config: z.object({ shared: names.optional() }).nullish(),
});

export type LanggraphFields = z.output<typeof langgraphFields>;
export type HeaderFields = z.output<typeof headerFields>;
export type CorsFields = z.output<typeof corsFields>;
export type WebhookFields = z.output<typeof webhookFields>;

/** Fields that other servers read, and that change nothing of what this one does. */
export const HARMLESS: ReadonlySet<string> = new Set([
  "$schema",
  "node_version",
  "node_loader",
  "dependencies",
  "dockerfile_lines",
  "docker_compose_file",
  "api_version",
  "python_version",
  "pip_config_file",
  "pip_installer",
  "base_image",
  "image_distro",
  "keep_pkg_tools",
]);

function isRegex(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
