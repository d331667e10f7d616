import type { Command } from "commander";
import { AppError } from "../core/errors.ts";
import { evalReport } from "./eval/report.ts";
import { retrievalReport } from "./eval/retrieval-figures.ts";
import { addSettingOptions, settingFlags } from "./setting-options.ts";

interface Flags {
  graph: string;
  model: string[];
  prompt: string[];
  judge?: string;
  atOnce: string;
  minPass?: string;
  json?: boolean;
  retrieval?: boolean;
}

const collect = (value: string, known: string[]): string[] => [...known, value];

/** `kagari eval`: grades graphs on a data set, models and prompts side by side. */
export function addEval(program: Command): void {
  addSettingOptions(
    program.command("eval").description("Grade a graph on a data set, by models and prompts"),
  )
    .argument("<dataset>", "file of JSON lines, one case on each")
    .option("--retrieval", "measure searches: the file has passages and questions")
    .option("--graph <id>", "graph of the cases that name none", "chat")
    .option("--model <id>", "model to answer with; repeat it to compare", collect, [])
    .option("--prompt <name>", "prompt in place of the graph's; repeat it to compare", collect, [])
    .option("--judge <id>", "model that grades by criteria; the default model if none")
    .option("--at-once <n>", "cases at the same time", "4")
    .option("--min-pass <percent>", "exit with 1 where a variant passes less")
    .option("--json", "print the results as JSON")
    .action(async (dataset: string, flags: Flags & Record<string, unknown>) => {
      await (flags.retrieval === true ? measureRetrieval : gradeGraphs)(dataset, flags);
    });
}

async function gradeGraphs(dataset: string, flags: Flags & Record<string, unknown>): Promise<void> {
  const { graph, model, prompt, judge, atOnce, minPass, json } = flags;
  const least = minPass === undefined ? 0 : numberIn(minPass, "--min-pass", 100);
  const atMost = numberIn(atOnce, "--at-once", 64);
  const { runEval } = await import("./eval/run-eval.ts");
  const asked = { graph, models: model, prompts: prompt, judge, atOnce: atMost };
  const results = await runEval(dataset, asked, given(settingFlags(flags)));
  show(json === true ? results : evalReport(results));
  const byVariant = Object.values(Object.groupBy(results, ({ variant }) => variant));
  const isShort = byVariant.some((all = []) => {
    return all.filter(({ passed }) => passed).length * 100 < least * all.length;
  });
  if (isShort) process.exitCode = 1;
}

async function measureRetrieval(
  dataset: string,
  flags: Flags & Record<string, unknown>,
): Promise<void> {
  const { runRetrieval } = await import("./eval/run-retrieval.ts");
  const result = await runRetrieval(dataset, given(settingFlags(flags)));
  show(flags.json === true ? result : retrievalReport(result.figures, result.costs));
  for (const warning of result.warnings) process.stderr.write(`${warning}\n`);
}

const show = (result: unknown): void => {
  const text = typeof result === "string" ? result : JSON.stringify(result, null, 2);
  process.stdout.write(`${text}\n`);
};

function numberIn(text: string, flag: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new AppError("bad_request", `${flag}: expected a whole number from 1 to ${most}`);
}

const given = (flags: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
