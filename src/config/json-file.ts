import { readFileSync } from "node:fs";
import type { z } from "zod";
import { ConfigError, reasonOf } from "../core/errors.ts";
import { didYouMean } from "./spelling.ts";

/** Reads one JSON file; undefined when it does not exist, ConfigError when it is not JSON. */
export function readJsonFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new ConfigError(`${path}: cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new ConfigError(`${path}: is not valid JSON: ${reasonOf(error)}`, { cause: error });
  }
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
