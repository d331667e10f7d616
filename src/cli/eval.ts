import type { Command } from "commander";
import { AppError } from "../core/errors.ts";
import { evalReport } from "./eval/report.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";

interface Flags {
  graph: string;
  model: string[];
  prompt: string[];
  judge?: string;
  atOnce: string;
  minPass?: string;
  json?: boolean;
}

const collect = (value: string, known: string[]): string[] => [...known, value];

/** `kagari eval`: grades graphs on a data set, models and prompts side by side. */
export function addEval(program: Command): void {
  addSettingOptions(
    program.command("eval").description("Grade a graph on a data set, by models and prompts"),
  )
    .argument("<dataset>", "file of JSON lines, one case on each")
    .option("--graph <id>", "graph of the cases that name none", "chat")
    .option("--model <id>", "model to answer with; repeat it to compare", collect, [])
    .option("--prompt <name>", "prompt in place of the graph's; repeat it to compare", collect, [])
    .option("--judge <id>", "model that grades by criteria; the default model if none")
    .option("--at-once <n>", "cases at the same time", "4")
    .option("--min-pass <percent>", "exit with 1 where a variant passes less")
    .option("--json", "print the results as JSON")
    .action(async (dataset: string, flags: Flags & Record<string, unknown>) => {
      const { graph, model, prompt, judge, atOnce, minPass, json, ...rest } = flags;
      const least = minPass === undefined ? 0 : numberIn(minPass, "--min-pass", 100);
      const atMost = numberIn(atOnce, "--at-once", 64);
      const { runEval } = await import("./eval/run-eval.ts");
      const asked = { graph, models: model, prompts: prompt, judge, atOnce: atMost };
      const results = await runEval(dataset, asked, given(settingFlags(rest)));
      process.stdout.write(
        `${json === true ? JSON.stringify(results, null, 2) : evalReport(results)}\n`,
      );
      const byVariant = Object.values(Object.groupBy(results, ({ variant }) => variant));
      const isShort = byVariant.some((all = []) => {
        return all.filter(({ passed }) => passed).length * 100 < least * all.length;
      });
      if (isShort) process.exitCode = 1;
    });
}

function numberIn(text: string, flag: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new AppError("bad_request", `${flag}: expected a whole number from 1 to ${most}`);
}

const given = (flags: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
