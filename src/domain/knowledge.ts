import { z } from "zod";
import type { JsonObject } from "../core/json.ts";

/** What a collection of documents may be called. */
export const collectionName = z
  .string()
  .regex(/^[\p{L}\p{N}_-]{1,64}$/u, "a name has 1 to 64 letters, digits, _ or -");

/** A document whose chunks are kept for searches. */
export interface KnowledgeDocument {
  document_id: string;
  /** What it is called in citations: a path or an address. */
  source: string;
  content_type: string;
  /** Of the text and how it is read: equal hashes have equal chunks. */
  hash: string;
  chunks: number;
  /** The model that made its vectors. */
  model: string;
  /** What searches can be limited by. */
  metadata: JsonObject;
}

/** A part of a document, and where it is in it. */
export interface KnowledgeChunk {
  /** Its number in the document, from 0. */
  chunk: number;
  text: string;
  /** Lines of the text, from 1. */
  first_line: number;
  last_line: number;
}

/** A chunk that a search has found; of one search a higher score is better. */
export interface Passage extends KnowledgeChunk {
  document_id: string;
  source: string;
  metadata: JsonObject;
  score: number;
}

/** How the places or scores of several ways of searching become one order. */
export const FUSIONS = ["rrf", "weighted"] as const;

/** How documents are searched. */
export interface KnowledgeSearch {
  collection: string;
  query: string;
  limit: number;
  /** By the places in each list, or by the scores; the places where not given. */
  fusion?: (typeof FUSIONS)[number] | undefined;
  /** How much each way counts in the fused order; 0 leaves it out. */
  weights?: { vector: number; keyword: number } | undefined;
  /** Fields of the documents' metadata, with the operators of the store's filters. */
  filter?: JsonObject | undefined;
  /** Whether a model puts the best in order: the one named, or the default one. */
  rerank?: boolean | string | undefined;
}

/** What a search found, and why some of it may be missing. */
export interface KnowledgeFound {
  passages: Passage[];
  warning?: string;
}
