import { z } from "zod";

/** What a collection of documents may be called. */
export const collectionName = z
  .string()
  .regex(/^[\p{L}\p{N}_-]{1,64}$/u, "a name has 1 to 64 letters, digits, _ or -");

/** A document whose chunks are kept for searches. */
export const KnowledgeDocument = z.object({
  document_id: z.string(),
  /** What it is called in citations: a path or an address. */
  source: z.string(),
  content_type: z.string(),
  /** Of the text and how it is read: equal hashes have equal chunks. */
  hash: z.string(),
  chunks: z.int(),
  /** The model that made its vectors. */
  model: z.string(),
});
export type KnowledgeDocument = z.infer<typeof KnowledgeDocument>;

/** A part of a document, and where it is in it. */
export const KnowledgeChunk = z.object({
  document_id: z.string(),
  source: z.string(),
  hash: z.string(),
  /** Its number in the document, from 0. */
  chunk: z.int(),
  text: z.string(),
  /** Lines of the text, from 1. */
  first_line: z.int(),
  last_line: z.int(),
});
export type KnowledgeChunk = z.infer<typeof KnowledgeChunk>;

/** A chunk that a search has found; of one search a higher score is better. */
export interface Passage extends Omit<KnowledgeChunk, "hash"> {
  score: number;
}

/** How documents are searched. */
export interface KnowledgeSearch {
  collection: string;
  query: string;
  limit: number;
  /** How much each way counts in the fused order; 0 leaves it out. */
  weights?: { vector: number; keyword: number } | undefined;
}

/** What a search found, and why some of it may be missing. */
export interface KnowledgeFound {
  passages: Passage[];
  warning?: string;
}
