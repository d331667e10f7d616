import type { JsonObject } from "../../core/json.ts";
import type { FieldCondition } from "../../domain/item-filter.ts";
import { run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type {
  ChunkVector,
  CollectionAt,
  DocumentScope,
  DocumentSize,
  Draft,
  DraftAt,
  KeptDocument,
  KeptPassage,
  KnowledgeRows,
  NewChunk,
  NewKept,
} from "../knowledge-port.ts";
import { KnowledgeDrafts } from "./knowledge-drafts.ts";
import { KnowledgeReader } from "./knowledge-reader.ts";
import { KnowledgeSight } from "./knowledge-sight.ts";
import { KnowledgeWaste } from "./knowledge-waste.ts";

/** Documents are staged, published and cleared away in small commits, and shown or hidden in one. */
export class KyselyKnowledge implements KnowledgeRows {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #reader: KnowledgeReader;
  readonly #drafts: KnowledgeDrafts;
  readonly #waste: KnowledgeWaste;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
    this.#reader = new KnowledgeReader(dialect);
    const parts = { dialect, reader: this.#reader, sight: new KnowledgeSight(dialect) };
    this.#drafts = new KnowledgeDrafts(parts);
    this.#waste = new KnowledgeWaste(parts);
  }

  stage(document: NewKept, now: number): Promise<number> {
    return this.#commits.write(() => this.#drafts.stage(document, now));
  }

  resume(draft: DraftAt, busy: readonly number[], now: number): Promise<Draft | undefined> {
    return this.#commits.write(() => this.#drafts.resume(draft, busy, now));
  }

  addChunks(documentNo: number, chunks: readonly NewChunk[], now: number): Promise<boolean> {
    return this.#commits.write(() => this.#drafts.addChunks(documentNo, chunks, now));
  }

  publish(documentNo: number, now: number): Promise<boolean> {
    return this.#commits.write(() => this.#drafts.publish(documentNo, now));
  }

  setMetadata(documentNo: number, metadata: JsonObject, now: number): Promise<void> {
    return this.#commits.write(() => this.#metadataCommit(documentNo, metadata, now));
  }

  discard(documentNo: number, now: number): Promise<void> {
    return this.#commits.write(() => this.#waste.discard(documentNo, now));
  }

  discardAll(owner: string, collection: string): Promise<boolean> {
    return this.#commits.write(() => this.#waste.discardAll(owner, collection));
  }

  clear(now: number): Promise<boolean> {
    return this.#commits.write(() => this.#waste.clear(now));
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

  *#metadataCommit(documentNo: number, metadata: JsonObject, now: number): Commit<void> {
    const { db } = this.#dialect;
    yield* run(
      db
        .updateTable("knowledge_document")
        .set({ metadata: JSON.stringify(metadata), updated_at: now })
        .where("document_no", "=", documentNo),
    );
  }
}
