import { createHash } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { unitVector } from "../core/unit-vector.ts";
import { type KnowledgeChunk, KnowledgeDocument } from "../domain/knowledge.ts";
import type { ItemRows, ItemWrite } from "../storage/items-port.ts";
import { searchText } from "../store/words.ts";
import { chunksOf } from "./chunk.ts";
import type { Embed, Ingested, Knowledge, NewDocument } from "./port.ts";
import { chunksIn, documentsOf, rowsOwner, scopeOf, spaceOf } from "./rows.ts";

const PAGE = 500;

type Address = Parameters<Knowledge["deleteDocument"]>[1];

/** Keeps and deletes documents with their chunks, words and vectors. */
export class Documents {
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
    const known = await this.find(owner, { collection, document_id });
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

  async find(
    owner: string,
    { collection, document_id }: Address,
  ): Promise<KnowledgeDocument | undefined> {
    const address = { namespace: documentsOf(collection), key: document_id };
    const found = await this.#rows.find(rowsOwner(owner), address, this.#clock.now());
    return found && KnowledgeDocument.parse(found.value);
  }

  async list(
    owner: string,
    { collection, ...page }: { collection: string; limit: number; offset: number },
  ): Promise<KnowledgeDocument[]> {
    const scope = scopeOf(owner, documentsOf(collection), this.#clock.now());
    const found = await this.#rows.list(scope, page);
    return found.map(({ value }) => KnowledgeDocument.parse(value));
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

  async delete(owner: string, address: Address): Promise<boolean> {
    const { collection, document_id } = address;
    if ((await this.find(owner, address)) === undefined) return false;
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

  async #addresses(owner: string, prefix: readonly string[]) {
    const found: { namespace: string[]; key: string }[] = [];
    for (;;) {
      const page = { limit: PAGE, offset: found.length };
      const items = await this.#rows.list(scopeOf(owner, prefix, this.#clock.now()), page);
      found.push(...items.map(({ namespace, key }) => ({ namespace, key })));
      if (items.length < PAGE) return found;
    }
  }
}

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 32);

const deletion = (address: { namespace: string[]; key: string }): ItemWrite => ({
  ...address,
  value: null,
  ttl_ms: null,
  terms: null,
  vectors: null,
});
