import { z } from "zod";
import type { JsonObject } from "../core/json.ts";
import type { ChunkPlace } from "./chunk-place.ts";

/** What a collection of documents may be called. */
export const collectionName = z
  .string()
  .regex(/^[\p{L}\p{N}_-]{1,64}$/u, "a name has 1 to 64 letters, digits, _ or -");

/** What a document may be called: a path or an address, that leads nowhere else. */
export const sourceName = z
  .string()
  .min(1)
  .max(500)
  .refine((name) => !/\p{Cc}/u.test(name), "a name has no control characters")
  .refine((name) => !/(^|[/\\])\.\.([/\\]|$)/.test(name), 'a name has no ".." in its path');

/** A document that was begun so long ago is not gone on with, and cleared away. */
export const ABANDONED_MS = 24 * 3_600_000;

/** A document whose chunks are kept for searches. */
export interface KnowledgeDocument {
  document_id: string;
  /** What it is called in citations: a path or an address. */
  source: string;
  content_type: string;
  /** Of the bytes and how they are read: equal hashes have equal chunks. */
  hash: string;
  chunks: number;
  /** The model that made its vectors. */
  model: string;
  /** What searches can be limited by. */
  metadata: JsonObject;
}

/** A part of a document, and where it is in it. */
export interface KnowledgeChunk extends ChunkPlace {
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

const weight = z.number().min(0).max(100).default(1);

/** How documents are searched. */
export const KnowledgeOptions = z.strictObject({
  limit: z.int().min(1).max(100).default(5).describe("Most passages to find."),
  fusion: z
    .enum(FUSIONS)
    .optional()
    .describe("Whether places (rrf) or scores (weighted) are added; places when left out."),
  weights: z
    .object({ vector: weight, keyword: weight })
    .refine(({ vector, keyword }) => vector + keyword > 0, "one of them is above 0")
    .optional()
    .describe("How much each way of searching counts; 0 leaves it out."),
  filter: z
    .record(z.string(), z.json())
    .optional()
    .describe("What the documents' metadata must be, with the operators of the store."),
  rerank: z
    .union([z.boolean(), z.string().min(1).max(200)])
    .optional()
    .describe("Whether a model puts the best in order: the one named, or the default one."),
});
export type KnowledgeOptions = z.infer<typeof KnowledgeOptions>;

/** One search of a collection. */
export interface KnowledgeSearch extends KnowledgeOptions {
  collection: string;
  query: string;
}

/** What a search found, and why some of it may be missing. */
export interface KnowledgeFound {
  passages: Passage[];
  warning?: string;
}
