import type { JsonObject } from "../core/json.ts";
import type { FieldCondition } from "../domain/item-filter.ts";
import type { KnowledgeDocument, KnowledgeFound, KnowledgeSearch } from "../domain/knowledge.ts";
import type { CollectionAt } from "../storage/knowledge-port.ts";
import type { Chunk } from "./chunk.ts";
import type { Scored } from "./top-scores.ts";

/** Turns texts into vectors for whoever pays for it; answers the model too. */
export type Embed = (
  texts: readonly string[],
  purpose: "document" | "query",
) => Promise<{ vectors: readonly number[][]; model: string }>;

/** Puts texts in the order in which they answer a query, by their places. */
export type Rerank = (
  wish: { query: string; documents: readonly string[]; topN: number },
  model: string | undefined,
) => Promise<readonly { index: number; score: number }[]>;

/** The models that a search may ask, for whoever pays for it. */
export interface SearchModels {
  embed: Embed;
  rerank: Rerank;
  /** Whether a search that does not say so is reranked. */
  isReranked: boolean;
}

/** A search of vectors. */
export interface VectorSearch {
  collection: CollectionAt;
  /** Which vectors it can be compared with. */
  space: string;
  /** What the documents' metadata must meet. */
  conditions: readonly FieldCondition[];
  /** Of length 1. */
  vector: Float32Array;
  count: number;
}

/** Finds the chunks nearest to a vector. */
export interface NearestChunks {
  /** The best first, by cosine. */
  nearest(search: VectorSearch): Promise<Scored[]>;
  close(): Promise<void>;
}

/** Told how many chunks of a document are done, of how many. */
export type OnProgress = (done: number, of: number) => void;

export interface NewDocument {
  collection: string;
  source: string;
  content_type: string;
  /** Of its bytes and how they are read. */
  hash: string;
  /** Reads it, where that is needed. */
  read: () => Promise<Chunk[]>;
  onProgress?: OnProgress | undefined;
  metadata?: JsonObject | undefined;
  /** Made anew even where nothing changed, such as for another embedding model. */
  force?: boolean | undefined;
}

export type Ingested = KnowledgeDocument & { status: "created" | "updated" | "unchanged" };

/** Collections of documents, each of one owner. */
export interface Knowledge {
  /** Keeps a document in place of the one of the same source: all of it or nothing. */
  ingest(owner: string, document: NewDocument, embed: Embed): Promise<Ingested>;
  /** Best first. Goes on without a model that fails, and says so. */
  search(owner: string, search: KnowledgeSearch, models: SearchModels): Promise<KnowledgeFound>;
  collections(owner: string): Promise<string[]>;
  /** Last changed first. */
  documents(
    owner: string,
    query: { collection: string; limit: number; offset: number },
  ): Promise<KnowledgeDocument[]>;
  /** Whether it was there. */
  deleteDocument(
    owner: string,
    address: { collection: string; document_id: string },
  ): Promise<boolean>;
  deleteCollection(owner: string, collection: string): Promise<boolean>;
  close(): Promise<void>;
}
