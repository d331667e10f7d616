import { Client } from "@langchain/langgraph-sdk";
import { z } from "zod";
import { systemClock } from "../../core/clock.ts";
import { chatModel, prompt } from "../../graphkit.ts";
import { readDataset, type EvalCase } from "./dataset.ts";
import { withEvalServer } from "./eval-server.ts";
import type { Judge } from "./graders.ts";
import { type Bench, type CaseResult, runCase, type Variant } from "./run-case.ts";

export interface EvalFlags {
  readonly graph: string;
  readonly models: readonly string[];
  /** Names of prompts that replace the graph's own. */
  readonly prompts: readonly string[];
  readonly judge?: string | undefined;
  readonly atOnce: number;
}

/** Runs a data set on a server of its own, with nothing kept, for each model and prompt. */
export async function runEval(
  file: string,
  flags: EvalFlags,
  settings: Record<string, unknown>,
): Promise<CaseResult[]> {
  const cases = readDataset(file);
  return withEvalServer(settings, async ({ url }) => {
    const client = new Client({ apiUrl: url, apiKey: null });
    const bench = { client, clock: systemClock, judge: judgeBy(flags.judge) };
    return await runAll(bench, pairs(cases, variantsOf(flags)), flags.atOnce);
  });
}

/** Each model with each prompt; the graph's own where none is named. */
function variantsOf({ graph, models, prompts }: EvalFlags): Variant[] {
  const named = models.length === 0 ? [undefined] : models;
  return named.flatMap((model) =>
    (prompts.length === 0 ? [undefined] : prompts).map((name) => ({
      name: [model, name].filter((it) => it !== undefined).join(" + ") || graph,
      graph,
      context: {
        ...(model === undefined ? {} : { model }),
        ...(name === undefined ? {} : { system_prompt: prompt(name) }),
      },
    })),
  );
}

type Pair = readonly [EvalCase, Variant];

const pairs = (cases: EvalCase[], variants: Variant[]): Pair[] =>
  cases.flatMap((one) => variants.map((variant): Pair => [one, variant]));

async function runAll(bench: Bench, work: readonly Pair[], atOnce: number): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const queue = work.entries();
  const take = async () => {
    for (const [index, [one, variant]] of queue)
      results[index] = await runCase(bench, one, variant);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
  return results;
}

const Verdict = z.object({ reason: z.string(), passed: z.boolean() });

const judgeBy =
  (model: string | undefined): Judge =>
  async ({ criteria, input, answer }) => {
    const judge = chatModel(model === undefined ? {} : { model }).withStructuredOutput(Verdict);
    const asked = JSON.stringify({ criteria, question: input, answer });
    return await judge.invoke([
      ["system", prompt("eval-judge")],
      ["user", asked],
    ]);
  };
