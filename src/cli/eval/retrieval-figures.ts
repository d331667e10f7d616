import { tableLines } from "../table.ts";
import { money } from "./money.ts";
import type { SetQuestion } from "./retrieval-set.ts";

/** How many of the first places are looked at. */
export const CUTOFFS = [1, 3, 5, 10] as const;
export const LONGEST = Math.max(...CUTOFFS);

/** What one way of searching found for one question. */
export interface Retrieved {
  readonly way: string;
  readonly question: SetQuestion;
  /** Names of the passages, the best first. */
  readonly found: readonly string[];
  readonly latencyMs: number;
  /** Why some of it may be missing. */
  readonly warning?: string | undefined;
}

/** Figures of one way in one language; shares are from 0 to 1. */
export interface RetrievalFigures {
  readonly way: string;
  readonly language: string;
  readonly questions: number;
  /** By cutoff: the share of a question's passages among the first, as a mean. */
  readonly recall: Readonly<Record<number, number>>;
  /** The mean of 1 / place of the first relevant passage. */
  readonly mrr: number;
  /** Of questions without an answer, those for which nothing was found; undefined without any. */
  readonly emptyWhereNone: number | undefined;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** The figures of each way and language, in the order in which they come first. */
export function figuresOf(results: readonly Retrieved[]): RetrievalFigures[] {
  const groups = Map.groupBy(results, (it) => JSON.stringify([it.question.language, it.way]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const answered = group.filter(({ question }) => question.relevant.length > 0);
    const others = group.filter(({ question }) => question.relevant.length === 0);
    const latencies = group.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
    return [
      {
        way: first.way,
        language: first.question.language,
        questions: group.length,
        recall: Object.fromEntries(
          CUTOFFS.map((cutoff) => [cutoff, mean(answered.map((it) => recallAt(it, cutoff)))]),
        ),
        mrr: mean(answered.map(reciprocalRank)),
        emptyWhereNone:
          others.length === 0
            ? undefined
            : mean(others.map(({ found }) => (found.length === 0 ? 1 : 0))),
        p50Ms: quantile(latencies, 0.5),
        p95Ms: quantile(latencies, 0.95),
      },
    ];
  });
}

function recallAt({ question: { relevant }, found }: Retrieved, cutoff: number): number {
  const first = new Set(found.slice(0, cutoff));
  return relevant.filter((name) => first.has(name)).length / relevant.length;
}

function reciprocalRank({ question, found }: Retrieved): number {
  const place = found.findIndex((name) => question.relevant.includes(name));
  return place < 0 ? 0 : 1 / (place + 1);
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length;

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;

/** Costs in millionths by currency. */
type Costs = Readonly<Record<string, number>>;

/** A row for each way and language, and what each way cost. */
export function retrievalReport(
  figures: readonly RetrievalFigures[],
  costs: Readonly<Record<string, Costs>>,
): string {
  const head = ["search", ...CUTOFFS.map((k) => `recall@${k}`), "MRR", "empty", "p50 ms", "p95 ms"];
  const rows = figures.map((it) => [
    `${it.way}, ${it.language}`,
    ...CUTOFFS.map((k) => share(it.recall[k])),
    share(it.mrr),
    share(it.emptyWhereNone),
    it.p50Ms.toFixed(1),
    it.p95Ms.toFixed(1),
  ]);
  const paid = Object.entries(costs).map(([way, cost]) => `${way}: ${money(cost)}`);
  return [...tableLines([head, ...rows]), "", `Cost: ${paid.join(", ")}`].join("\n");
}

const share = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(2));
