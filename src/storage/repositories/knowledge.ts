import { sql } from "kysely";
import type { JsonObject } from "../../core/json.ts";
import type { FieldCondition } from "../../domain/item-filter.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type {
  ChunkVector,
  CollectionAt,
  DocumentScope,
  DocumentSize,
  KeptDocument,
  KeptPassage,
  KnowledgeRows,
  NewChunk,
  NewKept,
} from "../knowledge-port.ts";
import { KnowledgeReader } from "./knowledge-reader.ts";
import { toBytes } from "./item-rows.ts";
import { collectionWord } from "./knowledge-rows.ts";

/** What one commit clears away: a few milliseconds of work. */
const CLEARED_DOCUMENTS = 50;
const CLEARED_CHUNKS = 100;
/** A document that was begun so long ago belongs to a process that is gone. */
const ABANDONED_MS = 3_600_000;

/** Documents are staged, published and cleared away in small commits, and shown or hidden in one. */
export class KyselyKnowledge implements KnowledgeRows {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #reader: KnowledgeReader;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
    this.#reader = new KnowledgeReader(dialect);
  }

  stage(document: NewKept, now: number): Promise<number> {
    return this.#commits.write(() => this.#stageCommit(document, now));
  }

  addChunks(documentNo: number, chunks: readonly NewChunk[]): Promise<void> {
    return this.#commits.write(() => this.#addCommit(documentNo, chunks));
  }

  publish(documentNo: number, now: number): Promise<void> {
    return this.#commits.write(() => this.#publishCommit(documentNo, now));
  }

  setMetadata(documentNo: number, metadata: JsonObject, now: number): Promise<void> {
    return this.#commits.write(() => this.#metadataCommit(documentNo, metadata, now));
  }

  discard(documentNo: number, now: number): Promise<void> {
    return this.#commits.write(() => this.#discardCommit(documentNo, now));
  }

  discardAll(owner: string, collection: string, now: number): Promise<boolean> {
    return this.#commits.write(() => this.#discardAllCommit(owner, collection, now));
  }

  clear(now: number): Promise<boolean> {
    return this.#commits.write(() => this.#clearCommit(now));
  }

  document(
    owner: string,
    address: { collection: string; document_id: string },
  ): Promise<KeptDocument | undefined> {
    return this.#commits.read(() => this.#reader.document(owner, address));
  }

  collections(owner: string): Promise<string[]> {
    return this.#commits.read(() => this.#reader.collections(owner));
  }

  documents(
    scope: DocumentScope,
    page: { limit: number; offset: number },
  ): Promise<KeptDocument[]> {
    return this.#commits.read(() => this.#reader.documents(scope, page));
  }

  collection(owner: string, name: string): Promise<CollectionAt | undefined> {
    return this.#commits.read(() => this.#reader.collection(owner, name));
  }

  sizes(...query: Parameters<KnowledgeRows["sizes"]>): Promise<DocumentSize[]> {
    return this.#commits.read(() => this.#reader.sizes(...query));
  }

  withWord(...query: Parameters<KnowledgeRows["withWord"]>): Promise<number[]> {
    return this.#commits.read(() => this.#reader.withWord(...query));
  }

  vectors(query: Parameters<KnowledgeRows["vectors"]>[0]): Promise<ChunkVector[]> {
    return this.#commits.read(() => this.#reader.vectors(query));
  }

  passages(
    chunks: readonly number[],
    conditions: readonly FieldCondition[],
  ): Promise<KeptPassage[]> {
    return this.#commits.read(() => this.#reader.passages(chunks, conditions));
  }

  *#stageCommit({ owner, collection, ...document }: NewKept, now: number): Commit<number> {
    const { db } = this.#dialect;
    yield* run(
      db
        .insertInto("knowledge_collection")
        .values({ owner, name: collection, revision: 0, chunks: 0 })
        .onConflict((conflict) => conflict.columns(["owner", "name"]).doNothing()),
    );
    const known = yield* this.#reader.collection(owner, collection);
    const row = yield* first(
      db
        .insertInto("knowledge_document")
        .values({
          ...document,
          collection_no: known?.collection_no ?? 0,
          metadata: JSON.stringify(document.metadata),
          state: "staged",
          updated_at: now,
        })
        .returning("document_no"),
    );
    return row?.document_no ?? 0;
  }

  *#addCommit(documentNo: number, chunks: readonly NewChunk[]): Commit<void> {
    const { db, words: dialectWords } = this.#dialect;
    const document = yield* first(
      db
        .selectFrom("knowledge_document")
        .select("collection_no")
        .where("document_no", "=", documentNo),
    );
    const whole = collectionWord(document?.collection_no ?? 0);
    for (const { value, words, vector } of chunks) {
      const { chunk } = value;
      const row = yield* first(
        db
          .insertInto("knowledge_chunk")
          .values({
            document_no: documentNo,
            chunk,
            value: JSON.stringify(value),
            vector: toBytes(vector),
          })
          .returning("chunk_no"),
      );
      yield* run(
        db
          .insertInto("knowledge_words")
          .values({ rowid: row?.chunk_no ?? 0, words: dialectWords.value(`${whole}${words}`) }),
      );
    }
  }

  *#publishCommit(documentNo: number, now: number): Commit<void> {
    const { db } = this.#dialect;
    const document = yield* first(
      db
        .selectFrom("knowledge_document")
        .select(["collection_no", "document_id", "chunks"])
        .where("document_no", "=", documentNo)
        .where("state", "=", "staged"),
    );
    if (document === undefined) return;
    const { collection_no, document_id, chunks } = document;
    // Those of one collection take turns here.
    yield* this.#count(collection_no, chunks);
    yield* this.#hide(collection_no, now, document_id);
    yield* run(
      db
        .updateTable("knowledge_document")
        .set({ state: "ready", updated_at: now })
        .where("document_no", "=", documentNo),
    );
  }

  *#metadataCommit(documentNo: number, metadata: JsonObject, now: number): Commit<void> {
    const { db } = this.#dialect;
    yield* run(
      db
        .updateTable("knowledge_document")
        .set({ metadata: JSON.stringify(metadata), updated_at: now })
        .where("document_no", "=", documentNo),
    );
  }

  *#discardCommit(documentNo: number, now: number): Commit<void> {
    const { db } = this.#dialect;
    const document = yield* first(
      db
        .selectFrom("knowledge_document")
        .select(["collection_no", "document_id", "state"])
        .where("document_no", "=", documentNo),
    );
    if (document?.state === "ready") {
      yield* this.#count(document.collection_no, 0);
      yield* this.#hide(document.collection_no, now, document.document_id);
    }
    yield* run(
      db
        .updateTable("knowledge_document")
        .set({ state: "gone", updated_at: now })
        .where("document_no", "=", documentNo)
        .where("state", "=", "staged"),
    );
  }

  *#discardAllCommit(owner: string, collection: string, now: number): Commit<boolean> {
    const known = yield* this.#reader.collection(owner, collection);
    if (known === undefined) return false;
    yield* this.#count(known.collection_no, 0);
    return yield* this.#hide(known.collection_no, now);
  }

  /** Takes what is shown out of sight: one document, or all of the collection. */
  *#hide(collectionNo: number, now: number, documentId?: string): Commit<boolean> {
    const gone = yield* all(
      this.#dialect.db
        .updateTable("knowledge_document")
        .set({ state: "gone", updated_at: now })
        .where("collection_no", "=", collectionNo)
        .where("state", "=", sql.lit("ready"))
        .$if(documentId !== undefined, (it) => it.where("document_id", "=", documentId ?? ""))
        .returning("chunks"),
    );
    const chunks = gone.reduce((sum, document) => sum + document.chunks, 0);
    if (chunks > 0) yield* this.#count(collectionNo, -chunks);
    return gone.length > 0;
  }

  /** A new revision, with so many chunks more. Whoever comes here first goes first. */
  *#count(collectionNo: number, chunks: number): Commit<void> {
    yield* run(
      this.#dialect.db
        .updateTable("knowledge_collection")
        .set((it) => ({
          revision: it("revision", "+", 1),
          chunks: it("chunks", "+", chunks),
        }))
        .where("collection_no", "=", collectionNo),
    );
  }

  *#clearCommit(now: number): Commit<boolean> {
    const { db, skipLocked } = this.#dialect;
    const waste = yield* all(
      db
        .selectFrom("knowledge_document")
        .select("document_no")
        .where("state", "<>", sql.lit("ready"))
        .where((it) => it.or([it("state", "=", "gone"), it("updated_at", "<", now - ABANDONED_MS)]))
        .limit(CLEARED_DOCUMENTS)
        .modifyEnd(skipLocked),
    );
    if (waste.length === 0) return false;
    const documents = waste.map(({ document_no }) => document_no);
    const chunks = yield* all(
      db
        .selectFrom("knowledge_chunk")
        .select("chunk_no")
        .where("document_no", "in", documents)
        .limit(CLEARED_CHUNKS),
    );
    const numbers = chunks.map(({ chunk_no }) => chunk_no);
    if (numbers.length > 0) {
      yield* run(db.deleteFrom("knowledge_words").where("rowid", "in", numbers));
      yield* run(db.deleteFrom("knowledge_chunk").where("chunk_no", "in", numbers));
    }
    if (numbers.length < CLEARED_CHUNKS)
      yield* run(db.deleteFrom("knowledge_document").where("document_no", "in", documents));
    return true;
  }
}
