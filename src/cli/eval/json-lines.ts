import { readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigError, reasonOf } from "../../core/errors.ts";

/** A line of a data set, and its number in the file. */
export interface Line<Value> {
  readonly value: Value;
  readonly number: number;
}

/** Reads a file of JSON lines; throws ConfigError naming file and line. */
export function readJsonLines<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
): Line<z.infer<Schema>>[] {
  return textOf(file)
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => {
      const where = `${file}, line ${number}`;
      const parsed = schema.safeParse(parseJson(line, where));
      if (parsed.success) return { value: parsed.data, number };
      throw new ConfigError(`${where}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
    });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${file}: cannot be read: ${reasonOf(error)}`);
  }
}

function parseJson(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new ConfigError(`${where}: expected JSON: ${reasonOf(error)}`);
  }
}
