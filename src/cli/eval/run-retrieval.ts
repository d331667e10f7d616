import type { Context } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import { deleteCollection, searchKnowledge } from "../../services/knowledge/knowledge.ts";
import { ingestDocument } from "../../services/knowledge/ingest.ts";
import { reportUsage } from "../../services/usage/report.ts";
import { withEvalServer } from "./eval-server.ts";
import { figuresOf, LONGEST, type RetrievalFigures, type Retrieved } from "./retrieval-figures.ts";
import { readRetrievalSet, type SetPassage, type SetQuestion } from "./retrieval-set.ts";

/** The ways of searching that are compared. */
const WAYS = {
  vector: { weights: { vector: 1, keyword: 0 } },
  keyword: { weights: { vector: 0, keyword: 1 } },
  "fused, rrf": { fusion: "rrf" },
  "fused, weighted": { fusion: "weighted" },
  reranked: { rerank: true },
} as const;

/** Costs in millionths by currency. */
type Costs = Record<string, number>;

/** What a set of passages and questions has shown. */
export interface RetrievalResult {
  readonly figures: RetrievalFigures[];
  /** Of reading the passages in, and of each way. */
  readonly costs: Readonly<Record<string, Costs>>;
  /** Why figures are not what they could be. */
  readonly warnings: string[];
}

/** Asks all questions of a set in each way, on a server of its own, one after the other. */
export async function runRetrieval(
  file: string,
  settings: Record<string, unknown>,
): Promise<RetrievalResult> {
  const { passages, questions } = readRetrievalSet(file);
  return withEvalServer(settings, async ({ ctx }) => {
    const collection = `eval-${newId()}`;
    const costs: Record<string, Costs> = {};
    const results: Retrieved[] = [];
    try {
      costs["ingest"] = await costOf(ctx, () => ingest(ctx, collection, passages));
      for (const way of Object.keys(WAYS).filter(isWay))
        costs[way] = await costOf(ctx, async () => {
          for (const question of questions)
            results.push(await ask(ctx, { collection, way, question }));
        });
    } finally {
      await deleteCollection(ctx, { collection }).catch(() => undefined);
    }
    const warnings = results.flatMap(({ warning }) => (warning === undefined ? [] : [warning]));
    return { figures: figuresOf(results), costs, warnings: [...new Set(warnings)] };
  });
}

type Way = keyof typeof WAYS;

const isWay = (name: string): name is Way => Object.hasOwn(WAYS, name);

const never = (): AbortSignal => new AbortController().signal;

async function ingest(
  ctx: Context,
  collection: string,
  passages: readonly SetPassage[],
): Promise<void> {
  for (const { passage, text } of passages)
    await ingestDocument(
      ctx,
      { collection, source: passage, content: text, content_type: "text/plain" },
      never(),
    );
}

async function ask(
  ctx: Context,
  { collection, way, question }: { collection: string; way: Way; question: SetQuestion },
): Promise<Retrieved> {
  const search = {
    collection,
    query: question.question,
    limit: LONGEST,
    rerank: false,
    ...WAYS[way],
  };
  const begun = performance.now();
  const { passages, warning } = await searchKnowledge(ctx, search, never());
  const latencyMs = performance.now() - begun;
  return { way, question, found: passages.map(({ source }) => source), latencyMs, warning };
}

/** What the calls of some work cost. */
async function costOf(ctx: Context, work: () => Promise<void>): Promise<Costs> {
  const sums = async () => {
    const page = { filter: {}, limit: 1, offset: 0 };
    const { totals } = await reportUsage(ctx, { group_by: "day", ...page });
    return Object.fromEntries(totals.map((it) => [it.currency, it.cost_micros]));
  };
  const before = await sums();
  await work();
  const after = Object.entries(await sums());
  return Object.fromEntries(
    after.map(([currency, micros]) => [currency, micros - (before[currency] ?? 0)]),
  );
}
