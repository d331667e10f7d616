import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Json } from "../../core/json.ts";
import { jsonContains } from "../../core/json-contains.ts";

const textGrader = z.strictObject({ type: z.literal("exact"), value: z.string() });
const containsGrader = z.strictObject({
  type: z.literal("contains"),
  all: z.array(z.string()).default([]),
  any: z.array(z.string()).default([]),
  none: z.array(z.string()).default([]),
});
const jsonGrader = z.strictObject({
  type: z.literal("json"),
  value: z.json(),
  partial: z.boolean().default(false).describe("Whether the answer may have more keys."),
});
const judgeGrader = z.strictObject({ type: z.literal("judge"), criteria: z.string().min(1) });

/** How one answer is graded; all graders of a case must pass. */
export const graderSchema = z.discriminatedUnion("type", [
  textGrader,
  containsGrader,
  jsonGrader,
  judgeGrader,
]);

export type Grader = z.infer<typeof graderSchema>;

export interface Grade {
  readonly passed: boolean;
  /** Why not; empty where it passed. */
  readonly reason: string;
}

/** Asks a model whether an answer meets the criteria. */
export type Judge = (asked: { criteria: string; input: string; answer: string }) => Promise<Grade>;

/** An answer as it is graded: its text, and the value where a key of the state is graded. */
export interface Graded {
  readonly input: string;
  readonly text: string;
  readonly value?: Json | undefined;
}

/** Grades one answer. */
export async function grade(grader: Grader, answer: Graded, judge: Judge): Promise<Grade> {
  switch (grader.type) {
    case "exact":
      return verdict(plain(answer.text) === plain(grader.value), `is not ${grader.value}`);
    case "contains":
      return contains(grader, plain(answer.text).toLowerCase());
    case "json":
      return json(grader, answer);
    case "judge":
      return await judge({ ...answer, answer: answer.text, criteria: grader.criteria });
  }
}

const verdict = (passed: boolean, reason: string): Grade => ({
  passed,
  reason: passed ? "" : reason,
});

const plain = (text: string): string => text.normalize("NFKC").trim();

function contains({ all, any, none }: z.infer<typeof containsGrader>, text: string): Grade {
  const has = (wanted: string) => text.includes(plain(wanted).toLowerCase());
  const missing = all.filter((wanted) => !has(wanted));
  if (missing.length > 0) return verdict(false, `lacks ${missing.join(", ")}`);
  if (any.length > 0 && !any.some(has)) return verdict(false, `has none of ${any.join(", ")}`);
  const unwanted = none.filter(has);
  return verdict(unwanted.length === 0, `has ${unwanted.join(", ")}`);
}

function json({ value, partial }: z.infer<typeof jsonGrader>, answer: Graded): Grade {
  const found = answer.value ?? jsonIn(answer.text);
  if (found === undefined) return verdict(false, "is no JSON");
  const isSame = partial ? jsonContains(found, value) : isDeepStrictEqual(found, value);
  return verdict(isSame, `is ${JSON.stringify(found)}, not ${JSON.stringify(value)}`);
}

/** The JSON of a text, with or without a fence around it. */
function jsonIn(text: string): Json | undefined {
  try {
    return z.json().parse(JSON.parse(text.replaceAll(/^\s*```(?:json)?\s*|\s*```\s*$/g, "")));
  } catch {
    return undefined;
  }
}
