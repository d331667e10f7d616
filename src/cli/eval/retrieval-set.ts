import { z } from "zod";
import { ConfigError } from "../../core/errors.ts";
import { readJsonLines } from "./json-lines.ts";

const language = z.string().min(1).describe("Figures are told for each language by itself.");

const passageSchema = z.strictObject({ passage: z.string().min(1), language, text: z.string() });
const questionSchema = z.strictObject({
  question: z.string().min(1),
  language,
  relevant: z.array(z.string()).describe("Passages that answer it; none where there is none."),
});

/** A text that is searched, under its name. */
export type SetPassage = z.infer<typeof passageSchema>;
/** A question with the names of the passages that answer it. */
export type SetQuestion = z.infer<typeof questionSchema>;

/** What retrieval is measured on. */
export interface RetrievalSet {
  readonly passages: SetPassage[];
  readonly questions: SetQuestion[];
}

/** Reads passages and questions from JSON lines; throws ConfigError naming file and line. */
export function readRetrievalSet(file: string): RetrievalSet {
  const passages = new Map<string, SetPassage>();
  const questions: { value: SetQuestion; number: number }[] = [];
  for (const { value, number } of readJsonLines(file, z.union([passageSchema, questionSchema]))) {
    if ("question" in value) questions.push({ value, number });
    else if (passages.has(value.passage))
      throw new ConfigError(`${file}, line ${number}: a second passage ${value.passage}`);
    else passages.set(value.passage, value);
  }
  if (questions.length === 0) throw new ConfigError(`${file}: expected questions, got none`);
  for (const { value, number } of questions) {
    const unknown = value.relevant.find((name) => !passages.has(name));
    if (unknown !== undefined)
      throw new ConfigError(`${file}, line ${number}: there is no passage ${unknown}`);
  }
  return { passages: [...passages.values()], questions: questions.map(({ value }) => value) };
}
