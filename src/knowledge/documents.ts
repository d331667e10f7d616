import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import type { JsonObject } from "../core/json.ts";
import { unitVector } from "../core/unit-vector.ts";
import type { KnowledgeDocument } from "../domain/knowledge.ts";
import type { KeptDocument, KnowledgeRows, NewChunk, NewKept } from "../storage/knowledge-port.ts";
import { searchText } from "../store/words.ts";
import { chunksOf } from "./chunk.ts";
import type { Embed, Ingested, Knowledge, NewDocument } from "./port.ts";
import { spaceOf } from "./space.ts";

/** Chunks of one commit: a few milliseconds of work. */
const SLICE = 50;

type Address = Parameters<Knowledge["deleteDocument"]>[1];

/** Keeps and deletes documents with their chunks, words and vectors. */
export class Documents {
  readonly #rows: KnowledgeRows;
  readonly #clock: Clock;

  constructor(rows: KnowledgeRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  async ingest(owner: string, document: NewDocument, embed: Embed): Promise<Ingested> {
    const { collection, source, content_type, metadata = {} } = document;
    const document_id = digest(source);
    const hash = digest(`${content_type}\n${document.text}`);
    const known = await this.#rows.document(owner, { collection, document_id });
    if (known?.hash === hash && document.force !== true) return this.#described(known, metadata);
    const chunks = await chunksOf(document.text, content_type);
    if (chunks.length === 0) throw new AppError("validation", `${source} has no text`);
    // Before anything is written: nothing waits for a model with half of a document kept.
    const texts = chunks.map(({ text }) => text);
    const { vectors, model } = await embed(texts, "document");
    const made = {
      document_id,
      source,
      content_type,
      hash,
      chunks: chunks.length,
      model,
      metadata,
    };
    const kept = chunks.map((chunk, index): NewChunk => ({
      value: { chunk: index, ...chunk },
      words: searchText([source, chunk.text]),
      vector: unitVector(vectors[index] ?? []),
    }));
    const space = spaceOf(model, vectors[0]?.length ?? 0);
    await this.#keep({ ...made, owner, collection, space }, kept);
    return { ...made, status: known === undefined ? "created" : "updated" };
  }

  collections(owner: string): Promise<string[]> {
    return this.#rows.collections(owner);
  }

  async list(
    owner: string,
    { collection, ...page }: { collection: string; limit: number; offset: number },
  ): Promise<KnowledgeDocument[]> {
    const known = await this.#rows.collection(owner, collection);
    if (known === undefined) return [];
    const found = await this.#rows.documents({ ...known, conditions: [] }, page);
    return found.map(described);
  }

  async delete(owner: string, address: Address): Promise<boolean> {
    const known = await this.#rows.document(owner, address);
    if (known === undefined) return false;
    await this.#rows.discard(known.document_no, this.#now());
    await this.#clear();
    return true;
  }

  async deleteCollection(owner: string, collection: string): Promise<boolean> {
    const had = await this.#rows.discardAll(owner, collection, this.#now());
    await this.#clear();
    return had;
  }

  #now(): number {
    return this.#clock.now();
  }

  /** What has not changed is left, but for what is said of it. */
  async #described(known: KeptDocument, metadata: JsonObject): Promise<Ingested> {
    const isSame = isDeepStrictEqual(known.metadata, metadata);
    if (isSame) return { ...described(known), status: "unchanged" };
    await this.#rows.setMetadata(known.document_no, metadata, this.#now());
    return { ...described(known), metadata, status: "updated" };
  }

  /** In small commits that nobody sees before the last one; then what it replaces is cleared away. */
  async #keep(document: NewKept, chunks: readonly NewChunk[]): Promise<void> {
    const documentNo = await this.#rows.stage(document, this.#now());
    try {
      for (let at = 0; at < chunks.length; at += SLICE)
        await this.#rows.addChunks(documentNo, chunks.slice(at, at + SLICE));
      await this.#rows.publish(documentNo, this.#now());
    } catch (error) {
      // Where the database cannot even do this, it is cleared away as abandoned.
      await this.#rows.discard(documentNo, this.#now()).catch(() => undefined);
      throw error;
    }
    await this.#clear();
  }

  async #clear(): Promise<void> {
    while (await this.#rows.clear(this.#now()));
  }
}

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 32);

const described = ({ document_no: _, ...document }: KeptDocument): KnowledgeDocument => document;
