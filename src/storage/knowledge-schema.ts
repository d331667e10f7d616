import type { Generated } from "kysely";

export interface KnowledgeSchema {
  knowledge_collection: KnowledgeCollectionTable;
  knowledge_document: KnowledgeDocumentTable;
  knowledge_chunk: KnowledgeChunkTable;
  knowledge_words: KnowledgeWordsTable;
}

interface KnowledgeCollectionTable {
  collection_no: Generated<number>;
  owner: string;
  name: string;
  /** Changes with whatever a search of it may find. */
  revision: number;
  /** Of the documents that are shown. */
  chunks: number;
}

export interface KnowledgeDocumentTable {
  document_no: Generated<number>;
  collection_no: number;
  document_id: string;
  source: string;
  content_type: string;
  hash: string;
  chunks: number;
  model: string;
  space: string;
  metadata: string;
  /** Not yet to be seen, to be seen, not any more. */
  state: "staged" | "ready" | "gone";
  updated_at: number;
}

interface KnowledgeChunkTable {
  chunk_no: Generated<number>;
  document_no: number;
  chunk: number;
  value: string;
  /** Numbers of 32 bits, little end first. */
  vector: Uint8Array;
}

interface KnowledgeWordsTable {
  /** The number of the chunk. */
  rowid: number;
  words: string;
}
