import type { JsonObject } from "../core/json.ts";
import type { FieldCondition } from "../domain/item-filter.ts";
import type { KnowledgeChunk, KnowledgeDocument } from "../domain/knowledge.ts";

/** The collection of an owner, for the length of one search. */
export interface CollectionAt {
  collection_no: number;
  /** Another one wherever documents have come, changed or gone. */
  revision: number;
  /** Of all its documents. */
  chunks: number;
}

/** A document of one version: what comes in its place has another number. */
export interface KeptDocument extends KnowledgeDocument {
  document_no: number;
}

export interface NewKept extends KnowledgeDocument {
  owner: string;
  collection: string;
  /** Vectors of different spaces are never compared. */
  space: string;
}

/** Which document that was begun and not finished. */
export type DraftAt = Pick<NewKept, "owner" | "collection" | "document_id" | "hash" | "chunks">;

/** A document that was begun, with its first chunks. */
export interface Draft {
  document_no: number;
  done: number;
  space: string;
  model: string;
}

export interface NewChunk {
  value: KnowledgeChunk;
  /** What keyword search finds it by, each word after a space. */
  words: string;
  /** Of length 1. */
  vector: Float32Array;
}

export interface DocumentSize {
  document_no: number;
  chunks: number;
}

export interface ChunkVector {
  chunk_no: number;
  document_no: number;
  vector: Float32Array;
}

/** A chunk that can be shown, with what its document says. */
export interface KeptPassage extends KnowledgeChunk {
  chunk_no: number;
  document_id: string;
  source: string;
  metadata: JsonObject;
}

/** Documents of a collection; with conditions, those whose metadata meet them. */
export interface DocumentScope {
  collection_no: number;
  conditions: readonly FieldCondition[];
}

type Address = { collection: string; document_id: string };

/** As in ports.ts: every method is one whole commit, and absence is `undefined`. */
export interface KnowledgeRows {
  /** Begins a document that nobody sees before it is published; answers its number. */
  stage(document: NewKept, now: number): Promise<number>;
  /**
   * Takes over what was begun of the same document and broken off, under a new number: whoever still
   * writes to the old one adds nothing any more. Those in `busy` are left.
   */
  resume(draft: DraftAt, busy: readonly number[], now: number): Promise<Draft | undefined>;
  /** False where the document was taken over or cleared away. */
  addChunks(documentNo: number, chunks: readonly NewChunk[], now: number): Promise<boolean>;
  /** Shows a document in place of the one of the same id; false where it is not there any more. */
  publish(documentNo: number, now: number): Promise<boolean>;
  setMetadata(documentNo: number, metadata: JsonObject, now: number): Promise<void>;
  /** Takes a document out of sight, staged or shown; its rows stay until they are cleared. */
  discard(documentNo: number, now: number): Promise<void>;
  /** Takes a collection out of sight at once, however large it is; answers whether it was there. */
  discardAll(owner: string, collection: string): Promise<boolean>;
  /** Clears away some rows of what is out of sight; answers whether more may be left. */
  clear(now: number): Promise<boolean>;

  document(owner: string, address: Address): Promise<KeptDocument | undefined>;
  /** Names of the collections that have documents, in order. */
  collections(owner: string): Promise<string[]>;
  /** Last changed first. */
  documents(scope: DocumentScope, page: { limit: number; offset: number }): Promise<KeptDocument[]>;

  collection(owner: string, name: string): Promise<CollectionAt | undefined>;
  /** Documents of one space in the order of their numbers, after one. */
  sizes(
    scope: DocumentScope & { space: string },
    page: { after: number; limit: number },
  ): Promise<DocumentSize[]>;
  /** Chunks with a word as it is, or one that begins so, at most `limit` of them. */
  withWord(
    collectionNo: number,
    word: { text: string; isStart: boolean },
    limit: number,
  ): Promise<number[]>;
  /** Vectors of documents, of their chunks from one number up to another, in no order. */
  vectors(query: {
    documents: readonly number[];
    from: number;
    to: number;
  }): Promise<ChunkVector[]>;
  /** Chunks of documents that are shown and meet the conditions, in no order. */
  passages(
    chunks: readonly number[],
    conditions: readonly FieldCondition[],
  ): Promise<KeptPassage[]>;
}
