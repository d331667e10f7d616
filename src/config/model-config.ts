import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Environment } from "./environment.ts";
import { HONOURED_FIELDS, modelFieldsSchema, type ModelFields } from "./model-fields.ts";
import { didYouMean } from "./spelling.ts";
import { parseSecretRef, type SecretRef } from "./secret-ref.ts";

const MAX_FILE_BYTES = 1024 * 1024;

/** Name of the generated JSON Schema beside the model files. */
export const MODEL_SCHEMA_FILE = "model.schema.json";

/** One checked model file; the key is only a reference. */
export interface ModelConfig {
  readonly id: string;
  readonly file: string;
  readonly fields: Readonly<Omit<ModelFields, "api_key">>;
  readonly secret: SecretRef;
  /** Fields the file uses and the product does not act on yet. */
  readonly unhonoured: readonly string[];
  readonly warnings: readonly string[];
}

export interface ModelConfigSource {
  dir: string;
  env: Environment;
  log?: Log | undefined;
}

/** Reads every model file of a folder in order of file name; a folder that is not there is empty. */
export function readModelConfigs({ dir, env, log }: ModelConfigSource): ModelConfig[] {
  const configs = modelFiles(dir).map((name) => readModelFile(join(dir, name), { dir, env }));
  const files = new Map<string, string>();
  for (const { id, file, warnings } of configs) {
    const other = files.get(id);
    if (other !== undefined)
      throw new ConfigError(
        `${file}: name: expected a name no other model has, but ${other} is also called ${JSON.stringify(id)}`,
      );
    files.set(id, file);
    for (const warning of warnings) log?.warn({ file, model: id }, warning);
  }
  return configs;
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
  const secret = parseSecretRef(apiKey, { env, dir });
  const used = Object.keys(fields).filter(
    (key) => fields[key as keyof typeof fields] !== undefined,
  );
  return {
    id: fields.name ?? basename(file).replace(/\.json$/i, ""),
    file,
    fields: fields.url === undefined ? fields : { ...fields, url: baseUrl(fields.url) },
    secret,
    unhonoured: used.filter((key) => !HONOURED_FIELDS.has(key)),
    warnings: secret.isLiteral
      ? ["api_key is written in the file itself: use env:NAME or file:PATH to keep it out of git"]
      : [],
  };
}

function modelFiles(dir: string): string[] {
  try {
    const names = readdirSync(dir).filter((name) => /\.json$/i.test(name) && !name.startsWith("."));
    return names.filter((name) => name !== MODEL_SCHEMA_FILE).toSorted();
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
    throw new ConfigError(`${dir}: expected a readable folder of model files`, { cause });
  }
}

function readModelFile(file: string, source: { dir: string; env: Environment }): ModelConfig {
  return parseModelConfig(parseJson(readSmallFile(file), file), { file, ...source });
}

function readSmallFile(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES)
      throw new ConfigError(`${file}: expected a model file below 1 MB, it has ${size} bytes`);
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${file}: the model file cannot be read`, { cause });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const position = /line (\d+) column (\d+)/.exec(message);
    const lines = text.split("\n");
    const [line, column] = position
      ? [position[1], position[2]]
      : [lines.length, (lines.at(-1) ?? "").length + 1];
    throw new ConfigError(`${file}: not valid JSON at line ${line}, column ${column}`);
  }
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
    .replace(/\/chat\/completions$/, "")
    .replace(/\/+$/, "");
}
