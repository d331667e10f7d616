import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import { graderSchema } from "./graders.ts";
import { readJsonLines } from "./json-lines.ts";

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
  const cases = readJsonLines(file, caseSchema).map(({ value, number }) => ({
    ...value,
    id: value.id ?? String(number),
  }));
  if (cases.length === 0) throw new ConfigError(`${file}: expected a case on each line, got none`);
  const ids = new Set<string>();
  for (const { id } of cases) {
    if (ids.has(id)) throw new ConfigError(`${file}: two cases have the id ${JSON.stringify(id)}`);
    ids.add(id);
  }
  return cases;
}
