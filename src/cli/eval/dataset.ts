import { readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigError, reasonOf } from "../../core/errors.ts";
import { graderSchema } from "./graders.ts";

const caseSchema = z.strictObject({
  id: z.string().optional().describe("The number of its line where it has none."),
  input: z.union([z.string(), z.record(z.string(), z.unknown())]),
  graph: z.string().optional(),
  context: z.record(z.string(), z.unknown()).optional(),
  output: z.string().optional().describe("Key of the state to grade; the last message if none."),
  graders: z.array(graderSchema).min(1),
});

/** One line of a data set: what is asked, and how the answer is graded. */
export type EvalCase = z.infer<typeof caseSchema> & { readonly id: string };

/** Reads a data set of JSON lines; throws ConfigError naming file and line. */
export function readDataset(file: string): EvalCase[] {
  const cases = textOf(file)
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => readCase(line, { file, number }));
  if (cases.length === 0) throw new ConfigError(`${file}: expected a case on each line, got none`);
  const ids = new Set<string>();
  for (const { id } of cases) {
    if (ids.has(id)) throw new ConfigError(`${file}: two cases have the id ${JSON.stringify(id)}`);
    ids.add(id);
  }
  return cases;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${file}: cannot be read: ${reasonOf(error)}`);
  }
}

function readCase(line: string, { file, number }: { file: string; number: number }): EvalCase {
  const where = `${file}, line ${number}`;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new ConfigError(`${where}: expected JSON: ${reasonOf(error)}`);
  }
  const parsed = caseSchema.safeParse(value);
  if (parsed.success) return { ...parsed.data, id: parsed.data.id ?? String(number) };
  throw new ConfigError(`${where}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`);
}
