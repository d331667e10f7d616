import type { ChunkPlace } from "../../domain/chunk-place.ts";

/** A part of a document that belongs together, as its loader has read it. */
export interface Section {
  text: string;
  /** Of its first line in the text, from 1. */
  line: number;
  /** Of its last one, where the text has other lines than the document. */
  lastLine?: number;
  place: ChunkPlace;
}

/** What a loader may take in of one document. */
export interface LoadLimits {
  /** Of what was unpacked, and of the text that came out. */
  expandedBytes: number;
  /** How many times larger than the file that may be. */
  ratio: number;
  pages: number;
  chunks: number;
}
