import type { Command } from "commander";
import { fromRoot } from "../config/settings.ts";
import { surveyPrompts, type SurveyedPrompt } from "../prompts/survey.ts";
import { modelSettings } from "./model-setup.ts";
import { addSettingOptions } from "./setting-options.ts";
import { printable, tableLines } from "./table.ts";

const COLUMNS = ["name", "language", "model", "variables", "description"] as const;

/** `kagari prompts`: every prompt of the folder, and why one is refused. */
export function addPrompts(program: Command): void {
  addSettingOptions(
    program.command("prompts").description("List the prompts, and what is wrong with one"),
  )
    .option("--json", "print JSON")
    .action(({ json, ...flags }: Record<string, string | boolean>) => {
      const { root, settings } = modelSettings(flags);
      const prompts = surveyPrompts(fromRoot(root, settings.prompts_dir));
      process.stdout.write(`${json === true ? promptsJson(prompts) : promptsTable(prompts)}\n`);
      if (prompts.some(({ problem }) => problem !== undefined)) process.exitCode = 1;
    });
}

function promptsTable(prompts: readonly SurveyedPrompt[]): string {
  const problems = prompts.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  return [
    ...tableLines([COLUMNS, ...prompts.map(cells)]),
    ...(problems.length > 0
      ? ["", ...problems.map((problem) => `refused: ${printable(problem)}`)]
      : []),
  ].join("\n");
}

function cells({ name, language, prompt, problem }: SurveyedPrompt): string[] {
  const { model, placeholders = [], description } = prompt ?? {};
  const state = problem === undefined ? (description ?? "-") : "refused";
  return [name, language ?? "-", model ?? "-", placeholders.join(", ") || "-", state];
}

function promptsJson(prompts: readonly SurveyedPrompt[]): string {
  const list = prompts.map(({ name, language, prompt, problem }) => ({
    name,
    language,
    file: prompt?.file,
    description: prompt?.description,
    model: prompt?.model,
    variables: prompt?.placeholders,
    problem,
  }));
  return JSON.stringify({ prompts: list }, null, 2);
}
