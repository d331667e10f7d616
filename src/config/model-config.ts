import { basename } from "node:path";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import { connectionOf, withoutSecrets, type Connection } from "./connection.ts";
import type { Environment } from "./environment.ts";
import { modelFieldsSchema, type ModelFields } from "./model-fields.ts";
import { didYouMean } from "./spelling.ts";
import { parseSecretRef, type SecretRef } from "./secret-ref.ts";

/** Name of the generated JSON Schema beside the model files. */
export const MODEL_SCHEMA_FILE = "model.schema.json";

/** One checked model file; the key is only a reference. */
export interface ModelConfig {
  readonly id: string;
  readonly file: string;
  readonly fields: Readonly<Omit<ModelFields, "api_key" | "headers" | "query">>;
  readonly secret: SecretRef;
  readonly connection: Connection;
  readonly warnings: readonly string[];
}

/** Checks one model file's parsed content; `file` is only named in errors. */
export function parseModelConfig(
  content: unknown,
  { file, dir, env }: { file: string; dir: string; env: Environment },
): ModelConfig {
  const result = modelFieldsSchema.safeParse(withoutExtensions(content));
  if (!result.success) throw new ConfigError(`${file}: ${describeIssues(result.error)}`);
  const { api_key: apiKey, ...fields } = result.data;
  requireAddress(fields, file);
  const id = fields.name ?? basename(file).replace(/\.json$/i, "");
  if (/\p{C}/u.test(id))
    throw new ConfigError(`${JSON.stringify(file)}: name: expected printable characters`);
  const secret = parseSecretRef(apiKey, { env, dir });
  return {
    id,
    file,
    fields: {
      ...withoutSecrets(fields),
      ...(fields.url === undefined ? {} : { url: baseUrl(fields.url) }),
    },
    secret,
    connection: connectionOf(fields, { env, dir, file }),
    warnings: secret.isLiteral
      ? ["api_key is written in the file itself: use env:NAME or file:PATH to keep it out of git"]
      : [],
  };
}

function withoutExtensions(content: unknown): unknown {
  if (typeof content !== "object" || content === null || Array.isArray(content)) return content;
  return Object.fromEntries(Object.entries(content).filter(([key]) => !key.startsWith("x-")));
}

function describeIssues(error: z.ZodError): string {
  return error.issues.map(describeIssue).join("; ");
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    const keys = issue.keys.map((key) => {
      const full = path === "" ? key : `${path}.${key}`;
      return `${full}: unknown key${didYouMean(key, known)}`;
    });
    return keys.join("; ");
  }
  if (path === "") return "expected a JSON object with the fields of one model";
  return `${path}: ${issue.message.replace(/^Invalid input: /, "")}`;
}

function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: unknown = modelFieldsSchema;
  for (const key of path) schema = objectShape(schema)[String(key)];
  return Object.keys(objectShape(schema));
}

function objectShape(schema: unknown): Record<string, unknown> {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap();
  if (inner instanceof z.ZodUnion)
    inner = inner.options.find((option) => option instanceof z.ZodObject);
  return inner instanceof z.ZodObject ? inner.shape : {};
}

function requireAddress(fields: Omit<ModelFields, "api_key">, file: string): void {
  if (fields.server_type === "demo" || fields.dialect === "demo") return;
  for (const key of ["model", "url"] as const)
    if (fields[key] === undefined)
      throw new ConfigError(`${file}: ${key}: expected a value, the field is missing`);
}

function baseUrl(url: string): string {
  return url
    .replace(/\/+$/, "")
    .replace(/\/(?:chat\/completions|responses)$/, "")
    .replace(/\/+$/, "");
}
