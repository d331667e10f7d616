import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, reasonOf } from "../core/errors.ts";
import { readPromptFile, type PromptFile } from "./prompt-file.ts";
import { promptOfFile } from "./prompt-name.ts";

/** One file of the prompts' folder: what it holds, or why it cannot be used. */
export interface SurveyedPrompt {
  readonly name: string;
  readonly language: string | undefined;
  readonly prompt?: PromptFile;
  readonly problem?: string;
}

/** Every `.md` file of a folder of prompts in order of name; a folder that is not there is empty. */
export function surveyPrompts(dir: string): SurveyedPrompt[] {
  const found = markdownFiles(dir).map((fileName) => look(dir, fileName));
  const whole = new Set(
    found.flatMap(({ name, language }) => (language === undefined ? [name] : [])),
  );
  return found.map((one) =>
    one.problem !== undefined || whole.has(one.name)
      ? one
      : {
          ...one,
          problem: `${join(dir, `${one.name}.md`)}: missing; other languages fall back on it`,
        },
  );
}

/** Reads every prompt; throws ConfigError with the reason of each that is refused. */
export function checkPrompts(dir: string): PromptFile[] {
  const found = surveyPrompts(dir);
  const problems = found.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  if (problems.length > 0) throw new ConfigError(problems.join("\n"));
  return found.flatMap(({ prompt }) => (prompt ? [prompt] : []));
}

function look(dir: string, fileName: string): SurveyedPrompt {
  const file = join(dir, fileName);
  const of = promptOfFile(fileName);
  if (!of) {
    const problem = `${file}: expected a name such as greeting.md or greeting.zh-CN.md`;
    return { name: fileName, language: undefined, problem };
  }
  try {
    return { ...of, prompt: readPromptFile(file) };
  } catch (error) {
    return { ...of, problem: reasonOf(error) };
  }
}

function markdownFiles(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => name.endsWith(".md") && !name.startsWith("."))
      .toSorted();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new ConfigError(`${dir}: the prompts cannot be read: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
