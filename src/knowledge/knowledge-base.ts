import { createHash } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { unitVector } from "../core/unit-vector.ts";
import {
  KnowledgeChunk,
  KnowledgeDocument,
  type KnowledgeFound,
  type KnowledgeSearch,
  type Passage,
} from "../domain/knowledge.ts";
import type { ItemRows, ItemScope, ItemWrite } from "../storage/items-port.ts";
import { type Hit, nearest, wordiest } from "../store/rank.ts";
import { queryWords, searchText } from "../store/words.ts";
import { chunksOf } from "./chunk.ts";
import { fuse } from "./fuse.ts";
import type { Embed, Ingested, Knowledge, NewDocument } from "./port.ts";

/** Candidates that each way of searching hands to the fusion. */
const MIN_CANDIDATES = 30;
/** A vector hit below this cosine, or a word hit with less of the query, is no answer. */
const MIN_COSINE = 0.15;
const MIN_SHARE = 0.3;
const PAGE = 500;

type Address = Parameters<Knowledge["deleteDocument"]>[1];

/** The knowledge of an owner is beside its items, out of reach of the store's own requests. */
const rowsOwner = (owner: string): string => `\u001fknowledge ${owner}`;

const documentsOf = (collection: string): string[] => [collection, "document"];
const chunksIn = (collection: string, id?: string): string[] =>
  id === undefined ? [collection, "chunk"] : [collection, "chunk", id];

/** Documents, their chunks, words and vectors, as items of the store's rows. */
export class KnowledgeBase implements Knowledge {
  readonly #rows: ItemRows;
  readonly #clock: Clock;

  constructor(rows: ItemRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async ingest(owner: string, document: NewDocument, embed: Embed): Promise<Ingested> {
    const { collection, source, content_type } = document;
    const document_id = digest(source);
    const hash = digest(`${content_type}\n${document.text}`);
    const known = await this.#document(owner, { collection, document_id });
    if (known?.hash === hash && document.force !== true) return { ...known, status: "unchanged" };
    const chunks = await chunksOf(document.text, content_type);
    if (chunks.length === 0) throw new AppError("validation", `${source} has no text`);
    // Before the commit: no transaction waits for a model.
    const { vectors, model } = await embed(
      chunks.map(({ text }) => text),
      "document",
    );
    const writes = chunks.map((chunk, index): ItemWrite => {
      const value: KnowledgeChunk = { document_id, source, hash, chunk: index, ...chunk };
      return {
        namespace: chunksIn(collection, document_id),
        key: String(index).padStart(6, "0"),
        value: JSON.stringify(value),
        ttl_ms: null,
        terms: searchText([source, chunk.text]),
        vectors: {
          space: spaceOf(model, vectors[index]),
          values: unitVector(vectors[index] ?? []),
        },
      };
    });
    const kept = { document_id, source, content_type, hash, chunks: chunks.length, model };
    const old = await this.#addresses(owner, chunksIn(collection, document_id));
    const fresh = new Set(writes.map(({ key }) => key));
    const gone = old.filter(({ key }) => !fresh.has(key)).map(deletion);
    const entry = {
      namespace: documentsOf(collection),
      key: document_id,
      value: JSON.stringify(kept),
    };
    const record = { ...entry, ttl_ms: null, terms: null, vectors: null };
    await this.#rows.write(rowsOwner(owner), [...gone, ...writes, record], this.#clock.now());
    return { ...kept, status: known === undefined ? "created" : "updated" };
  }

  async search(owner: string, search: KnowledgeSearch, embed: Embed): Promise<KnowledgeFound> {
    const { collection, query, limit, weights = { vector: 1, keyword: 1 } } = search;
    const scope = this.#scope(owner, chunksIn(collection));
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

  async collections(owner: string): Promise<string[]> {
    const names = new Set<string>();
    let after: string[] = [];
    for (;;) {
      const query = { owner: rowsOwner(owner), prefix: [], after, limit: PAGE };
      const page = await this.#rows.namespaces({ ...query, now: this.#clock.now() });
      for (const [name] of page) if (name !== undefined) names.add(name);
      after = page.at(-1) ?? [];
      if (page.length < PAGE) return [...names];
    }
  }

  async documents(
    owner: string,
    { collection, ...page }: { collection: string; limit: number; offset: number },
  ): Promise<KnowledgeDocument[]> {
    const found = await this.#rows.list(this.#scope(owner, documentsOf(collection)), page);
    return found.map(({ value }) => KnowledgeDocument.parse(value));
  }

  async deleteDocument(owner: string, address: Address): Promise<boolean> {
    const { collection, document_id } = address;
    if ((await this.#document(owner, address)) === undefined) return false;
    const chunks = await this.#addresses(owner, chunksIn(collection, document_id));
    const record = { namespace: documentsOf(collection), key: document_id };
    const gone = [...chunks, record].map(deletion);
    await this.#rows.write(rowsOwner(owner), gone, this.#clock.now());
    return true;
  }

  async deleteCollection(owner: string, collection: string): Promise<boolean> {
    const gone = await this.#addresses(owner, [collection]);
    await this.#rows.write(rowsOwner(owner), gone.map(deletion), this.#clock.now());
    return gone.length > 0;
  }

  #scope(owner: string, prefix: readonly string[]): ItemScope {
    return { owner: rowsOwner(owner), prefix, conditions: [], now: this.#clock.now() };
  }

  async #document(owner: string, { collection, document_id }: Address) {
    const address = { namespace: documentsOf(collection), key: document_id };
    const found = await this.#rows.find(rowsOwner(owner), address, this.#clock.now());
    return found && KnowledgeDocument.parse(found.value);
  }

  async #addresses(owner: string, prefix: readonly string[]) {
    const found: { namespace: string[]; key: string }[] = [];
    for (;;) {
      const page = { limit: PAGE, offset: found.length };
      const items = await this.#rows.list(this.#scope(owner, prefix), page);
      found.push(...items.map(({ namespace, key }) => ({ namespace, key })));
      if (items.length < PAGE) return found;
    }
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
          const found = await this.#document(owner, { collection, document_id });
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

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 32);

const deletion = (address: { namespace: string[]; key: string }): ItemWrite => ({
  ...address,
  value: null,
  ttl_ms: null,
  terms: null,
  vectors: null,
});

/** Vectors of different models or sizes are never compared. */
const spaceOf = (model: string, vector: readonly number[] = []): string =>
  `${model} ${vector.length}`;
