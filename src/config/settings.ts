import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import { z } from "zod";
import { AppError, ConfigError } from "../core/errors.ts";
import type { Environment } from "./environment.ts";
import { checkConfig, readJsonFile } from "./json-file.ts";
import { DOCUMENTS } from "./setting-list/documents.ts";
import { MODELS } from "./setting-list/models.ts";
import { RUNNING } from "./setting-list/running.ts";
import { SERVING } from "./setting-list/serving.ts";
import { TOOLS } from "./setting-list/tools.ts";

/** Every setting: its type and default, the environment variable it equals, and what it does. */
export const SETTINGS = { ...SERVING, ...MODELS, ...RUNNING, ...TOOLS, ...DOCUMENTS };

type Rows = typeof SETTINGS;

const schema = z.strictObject(
  // Each key keeps the type of its own row.
  Object.fromEntries(Object.entries(SETTINGS).map(([key, { type }]) => [key, type])) as {
    [Key in keyof Rows]: Rows[Key]["type"];
  },
);

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
  checkConfig(schema.partial(), fromFile, { file, keys: Object.keys(SETTINGS) });
  const merged: Record<string, unknown> = { ...fromFile };
  for (const [key, doc] of Object.entries(SETTINGS)) {
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
