import { AppError } from "../core/errors.ts";
import { unitVector } from "../core/unit-vector.ts";
import { type FieldCondition, filterConditions } from "../domain/item-filter.ts";
import type { KnowledgeFound, KnowledgeSearch, Passage } from "../domain/knowledge.ts";
import type { CollectionAt, KnowledgeRows } from "../storage/knowledge-port.ts";
import { queryWords } from "../store/words.ts";
import { fuse, type Ranking } from "./fuse.ts";
import type { NearestChunks, SearchModels } from "./port.ts";
import { spaceOf } from "./space.ts";
import type { Scored } from "./top-scores.ts";
import { wordHits } from "./word-search.ts";

/** Candidates that each way of searching hands to the fusion, and this to a rerank model. */
const MIN_CANDIDATES = 30;
/** A vector hit below this cosine, or a word hit with less of the query, is no answer. */
const MIN_COSINE = 0.15;
const MIN_SHARE = 0.3;
/** Hits by words that are looked at for the conditions of a search, and how many at once. */
const MAX_WORD_HITS = 2000;
const PAGE = 100;

const MODEL_FAILURES: ReadonlySet<string> = new Set(["upstream", "config", "unavailable", "limit"]);

interface Parts {
  rows: KnowledgeRows;
  vectors: NearestChunks;
  models: SearchModels;
}

/** What went wrong with a model, where the search goes on without it. */
async function orWarning<T>(what: string, ask: () => Promise<T>): Promise<T | { warning: string }> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AppError) || !MODEL_FAILURES.has(error.code)) throw error;
    return { warning: `${what}: ${error.message}` };
  }
}

/** Searches a collection by words and meaning, and has the best reranked where that is wanted. */
export async function searchCollection(
  parts: Parts,
  collection: CollectionAt,
  search: KnowledgeSearch,
): Promise<KnowledgeFound> {
  const { limit, query, weights = { vector: 1, keyword: 1 }, fusion = "rrf" } = search;
  const conditions = filterConditions(search.filter ?? {});
  const wanted = { query, conditions, count: Math.max(limit, MIN_CANDIDATES) };
  const byWords = weights.keyword > 0 ? await worded(parts, collection, wanted) : [];
  const byVector =
    weights.vector > 0
      ? await orWarning("Searched by words alone, without embeddings", () =>
          near(parts, collection, wanted),
        )
      : [];
  const rankings: Ranking[] = [
    { hits: byWords, weight: weights.keyword },
    { hits: Array.isArray(byVector) ? byVector : [], weight: weights.vector },
  ];
  const fused = await passagesOf(parts.rows, fuse(rankings, fusion).slice(0, wanted.count));
  const ranked = await reranked(parts.models, fused, search);
  const warnings = [byVector, ranked].flatMap((it) => ("warning" in it ? [it.warning] : []));
  return {
    passages: (Array.isArray(ranked) ? ranked : fused).slice(0, limit),
    ...(warnings.length === 0 ? {} : { warning: warnings.join(" ") }),
  };
}

interface Wanted {
  query: string;
  conditions: readonly FieldCondition[];
  count: number;
}

async function near(
  { vectors, models }: Parts,
  collection: CollectionAt,
  { query, conditions, count }: Wanted,
): Promise<Scored[]> {
  const embedded = await models.embed([query], "query");
  const [vector = []] = embedded.vectors;
  const space = spaceOf(embedded.model, vector.length);
  const asked = { collection, space, conditions, vector: unitVector(vector), count };
  return (await vectors.nearest(asked)).filter(({ score }) => score >= MIN_COSINE);
}

/** The best by words whose documents are shown and meet the conditions. */
async function worded(
  { rows }: Parts,
  collection: CollectionAt,
  { query, conditions, count }: Wanted,
): Promise<Scored[]> {
  const words = queryWords(query);
  const all = await wordHits(rows, collection, { words, count: MAX_WORD_HITS });
  const hits = all.filter(({ score }) => score >= MIN_SHARE);
  const found: Scored[] = [];
  for (let at = 0; at < hits.length && found.length < count; at += PAGE) {
    const page = hits.slice(at, at + PAGE);
    const chunks = page.map(({ chunk_no }) => chunk_no);
    const shown = new Set((await rows.passages(chunks, conditions)).map((it) => it.chunk_no));
    found.push(...page.filter(({ chunk_no }) => shown.has(chunk_no)));
  }
  return found.slice(0, count);
}

async function passagesOf(rows: KnowledgeRows, hits: readonly Scored[]): Promise<Passage[]> {
  const found = await rows.passages(
    hits.map(({ chunk_no }) => chunk_no),
    [],
  );
  const byNumber = new Map(found.map(({ chunk_no, ...passage }) => [chunk_no, passage]));
  return hits.flatMap(({ chunk_no, score }) => {
    const passage = byNumber.get(chunk_no);
    return passage === undefined ? [] : [{ ...passage, score }];
  });
}

/** The passages in the order of a rerank model, with its scores; as they are where none is wanted. */
async function reranked(
  models: SearchModels,
  passages: Passage[],
  { query, limit, rerank = models.isReranked }: KnowledgeSearch,
): Promise<Passage[] | { warning: string }> {
  if (rerank === false || passages.length === 0) return passages;
  const wish = { query, documents: passages.map(({ text }) => text), topN: limit };
  const model = typeof rerank === "string" ? rerank : undefined;
  const order = await orWarning("Not reranked", () => models.rerank(wish, model));
  if ("warning" in order) return order;
  return order.flatMap(({ index, score }) => {
    const passage = passages[index];
    return passage === undefined ? [] : [{ ...passage, score }];
  });
}
