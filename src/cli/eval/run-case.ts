import type { Client } from "@langchain/langgraph-sdk";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { reasonOf } from "../../core/errors.ts";
import type { EvalCase } from "./dataset.ts";
import { grade, type Graded, type Judge } from "./graders.ts";

/** One column of the comparison: a graph with a model and a prompt. */
export interface Variant {
  readonly name: string;
  readonly graph: string;
  readonly context: Readonly<Record<string, unknown>>;
}

export interface CaseResult {
  readonly case: string;
  readonly variant: string;
  readonly passed: boolean;
  readonly reason: string;
  readonly answer: string;
  readonly latencyMs: number;
  /** By currency, in millionths. */
  readonly costMicros: Readonly<Record<string, number>>;
}

export interface Bench {
  readonly client: Client;
  readonly judge: Judge;
  readonly clock: Clock;
}

const contentSchema = z.union([
  z.string(),
  z
    .array(z.looseObject({ text: z.string().optional() }))
    .transform((parts) => parts.map(({ text = "" }) => text).join("")),
]);
const stateSchema = z.looseObject({
  messages: z.array(z.looseObject({ content: contentSchema })).nullish(),
});
const threadSchema = z.looseObject({
  usage: z.looseObject({ cost_micros: z.record(z.string(), z.number()).nullish() }).nullish(),
});

/** Runs one case with one variant on a thread of its own; a failed run is a failed case. */
export async function runCase(
  bench: Bench,
  evalCase: EvalCase,
  variant: Variant,
): Promise<CaseResult> {
  const { client, clock, judge } = bench;
  const { thread_id } = await client.threads.create();
  const begun = clock.now();
  let text = "";
  let reasons: string[] = [];
  let latencyMs = 0;
  try {
    const graded = await answerOf(client, { evalCase, variant, thread_id });
    latencyMs = clock.now() - begun;
    text = graded.text;
    const grades = await Promise.all(evalCase.graders.map((it) => grade(it, graded, judge)));
    reasons = grades.filter(({ passed }) => !passed).map(({ reason }) => reason);
  } catch (error) {
    latencyMs ||= clock.now() - begun;
    reasons = [`failed: ${reasonOf(error)}`];
  }
  const { usage } = threadSchema.parse(await client.threads.get(thread_id));
  return {
    case: evalCase.id,
    variant: variant.name,
    passed: reasons.length === 0,
    reason: reasons.join("; "),
    answer: text,
    latencyMs,
    costMicros: usage?.cost_micros ?? {},
  };
}

async function answerOf(
  client: Client,
  { evalCase, variant, thread_id }: { evalCase: EvalCase; variant: Variant; thread_id: string },
): Promise<Graded> {
  const { input, output, context, graph } = evalCase;
  const isText = typeof input === "string";
  const state = await client.runs.wait(thread_id, graph ?? variant.graph, {
    input: isText ? { messages: [{ type: "human", content: input }] } : input,
    context: { ...context, ...variant.context },
  });
  const { messages, ...rest } = stateSchema.parse(state);
  const asked = isText ? input : JSON.stringify(input);
  if (output === undefined) return { input: asked, text: messages?.at(-1)?.content ?? "" };
  const value = z.json().optional().parse(rest[output]);
  return {
    input: asked,
    text: typeof value === "string" ? value : JSON.stringify(value ?? null),
    value,
  };
}
