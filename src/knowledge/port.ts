import type { KnowledgeDocument, KnowledgeFound, KnowledgeSearch } from "../domain/knowledge.ts";

/** Turns texts into vectors for whoever pays for it; answers the model too. */
export type Embed = (
  texts: readonly string[],
  purpose: "document" | "query",
) => Promise<{ vectors: readonly number[][]; model: string }>;

export interface NewDocument {
  collection: string;
  source: string;
  text: string;
  content_type: string;
  /** Made anew even where nothing changed, such as for another embedding model. */
  force?: boolean | undefined;
}

export type Ingested = KnowledgeDocument & { status: "created" | "updated" | "unchanged" };

/** Collections of documents, each of one owner. */
export interface Knowledge {
  /** Keeps a document in place of the one of the same source: all of it or nothing. */
  ingest(owner: string, document: NewDocument, embed: Embed): Promise<Ingested>;
  /** Best first. Goes on with words alone where the embedding model fails, and says so. */
  search(owner: string, search: KnowledgeSearch, embed: Embed): Promise<KnowledgeFound>;
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
}
