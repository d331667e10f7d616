import { readFileSync, statSync } from "node:fs";
import type { z } from "zod";
import { ConfigError, reasonOf } from "../core/errors.ts";
import { didYouMean } from "./spelling.ts";

/** No config of ours nests deeper; what checks and prints it goes down by recursion. */
const MAX_DEPTH = 64;

/** Reads one JSON file; undefined when it does not exist, ConfigError when it is not JSON. */
export function readJsonFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new ConfigError(`${path}: cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  return parseJsonText(text, path);
}

/** The text of a config file that is a regular file of at most `maxBytes`; ConfigError names the file. */
export function readSmallFile(file: string, maxBytes: number): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new ConfigError(`${file}: expected a file`);
    const limit = `${Math.floor(maxBytes / 1024 / 1024)} MB`;
    if (stat.size > maxBytes)
      throw new ConfigError(`${file}: expected a file below ${limit}, it has ${stat.size} bytes`);
    return readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`${file}: the file cannot be read: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * The value of a config file's text. ConfigError names line and column, never the text itself, which
 * may hold a key; nesting over 64 and the key `__proto__` are refused.
 */
export function parseJsonText(text: string, file: string): unknown {
  const plain = text.replace(/^\uFEFF/, "");
  const tooDeep = positionTooDeep(plain);
  if (tooDeep !== undefined)
    throw new ConfigError(`${file}: nested deeper than ${MAX_DEPTH} at ${lineOf(plain, tooDeep)}`);
  const value = parse(plain, file);
  const path = prototypeKey(value);
  if (path !== undefined) throw new ConfigError(`${file}: ${path}: this key is not allowed`);
  return value;
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [, line, column] = /line (\d+) column (\d+)/.exec(reasonOf(error)) ?? [];
    const where =
      line === undefined || column === undefined
        ? lineOf(text, text.length)
        : `line ${line}, column ${column}`;
    throw new ConfigError(`${file}: not valid JSON at ${where}`);
  }
}

function lineOf(text: string, position: number): string {
  const lines = text.slice(0, position).split("\n");
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}`;
}

/** Where a text opens one bracket too many; told before it is parsed, in one pass. */
function positionTooDeep(text: string): number | undefined {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (isInString) {
      if (sign === "\\") at++;
      else if (sign === '"') isInString = false;
    } else if (sign === '"') isInString = true;
    else if (sign === "{" || sign === "[") {
      if (++depth > MAX_DEPTH) return at;
    } else if (sign === "}" || sign === "]") depth--;
  }
  return undefined;
}

function prototypeKey(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "__proto__") return key;
    const below = prototypeKey(inner);
    if (below !== undefined) return `${key}.${below}`;
  }
  return undefined;
}

/** Checks a value against a schema; ConfigError names the file, the key path and what was expected. */
export function checkConfig<T>(
  schema: z.ZodType<T>,
  value: unknown,
  source: { file: string; keys?: readonly string[] },
): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.map(
    (issue) => `${source.file}: ${describe(issue, source.keys ?? [])}`,
  );
  throw new ConfigError(lines.join("\n"));
}

function describe(issue: z.core.$ZodIssue, keys: readonly string[]): string {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    const [key = ""] = issue.keys;
    return `unknown key ${JSON.stringify(path ? `${path}.${key}` : key)}${didYouMean(key, keys)}`;
  }
  return `${path || "the file"}: ${issue.message}`;
}
