import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { unitVector } from "../core/unit-vector.ts";
import {
  KnowledgeChunk,
  type KnowledgeFound,
  type KnowledgeSearch,
  type Passage,
} from "../domain/knowledge.ts";
import type { ItemRows, ItemScope } from "../storage/items-port.ts";
import { type Hit, nearest, wordiest } from "../store/rank.ts";
import { queryWords } from "../store/words.ts";
import type { Documents } from "./documents.ts";
import { fuse } from "./fuse.ts";
import type { Embed } from "./port.ts";
import { chunksIn, scopeOf, spaceOf } from "./rows.ts";

/** Candidates that each way of searching hands to the fusion. */
const MIN_CANDIDATES = 30;
/** A vector hit below this cosine, or a word hit with less of the query, is no answer. */
const MIN_COSINE = 0.15;
const MIN_SHARE = 0.3;

/** Finds passages by words and meaning. */
export class PassageSearch {
  readonly #rows: ItemRows;
  readonly #documents: Documents;
  readonly #clock: Clock;

  constructor(rows: ItemRows, documents: Documents, clock: Clock) {
    this.#rows = rows;
    this.#documents = documents;
    this.#clock = clock;
  }

  async search(owner: string, search: KnowledgeSearch, embed: Embed): Promise<KnowledgeFound> {
    const { collection, query, limit, weights = { vector: 1, keyword: 1 } } = search;
    const scope = scopeOf(owner, chunksIn(collection), this.#clock.now());
    const count = Math.max(limit, MIN_CANDIDATES);
    const words = queryWords(query);
    const byWords =
      words.length > 0 && weights.keyword > 0
        ? await wordiest(this.#rows, scope, { words, count })
        : [];
    const byVector = weights.vector > 0 ? await this.#near(scope, { query, count }, embed) : [];
    const isFailure = !Array.isArray(byVector);
    const fused = fuse([
      { hits: byWords.filter(({ score }) => score >= MIN_SHARE), weight: weights.keyword },
      { hits: isFailure ? [] : byVector, weight: weights.vector },
    ]);
    const passages = await this.#passages(owner, collection, fused);
    return { passages: passages.slice(0, limit), ...(isFailure ? byVector : {}) };
  }

  /** What is near in meaning, or why that cannot be told now. */
  async #near(
    scope: ItemScope,
    { query, count }: { query: string; count: number },
    embed: Embed,
  ): Promise<Hit[] | { warning: string }> {
    let embedded: Awaited<ReturnType<Embed>>;
    try {
      embedded = await embed([query], "query");
    } catch (error) {
      if (!(error instanceof AppError) || !MODEL_FAILURES.has(error.code)) throw error;
      return { warning: `Searched by words alone, without embeddings: ${error.message}` };
    }
    const [vector = []] = embedded.vectors;
    const space = spaceOf(embedded.model, vector);
    const hits = await nearest(this.#rows, scope, { vector: unitVector(vector), space, count });
    return hits.filter(({ score }) => score >= MIN_COSINE);
  }

  /** Chunks that a later version of their document has left behind are passed over. */
  async #passages(owner: string, collection: string, hits: readonly Hit[]): Promise<Passage[]> {
    const ids = hits.map(({ item_id }) => item_id);
    const items = await this.#rows.byIds(ids, this.#clock.now());
    const byId = new Map(items.map((item) => [item.item_id, KnowledgeChunk.parse(item.value)]));
    const documents = [...new Set([...byId.values()].map(({ document_id }) => document_id))];
    const current = new Map(
      await Promise.all(
        documents.map(async (document_id) => {
          const found = await this.#documents.find(owner, { collection, document_id });
          return [document_id, found?.hash] as const;
        }),
      ),
    );
    return hits.flatMap(({ item_id, score }) => {
      const found = byId.get(item_id);
      if (found === undefined) return [];
      const { hash, ...passage } = found;
      return current.get(passage.document_id) === hash ? [{ ...passage, score }] : [];
    });
  }
}

const MODEL_FAILURES: ReadonlySet<string> = new Set(["upstream", "config", "unavailable", "limit"]);
