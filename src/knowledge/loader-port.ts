import type { Chunk } from "./chunk.ts";
import type { ContentType } from "../domain/document-kind.ts";

/** A document that is yet to be read: its bytes, or the file they are in. */
export interface Unread {
  type: ContentType;
  content: Uint8Array | { path: string };
}

/** Reads documents of all kinds within the limits of the settings. */
export interface DocumentLoader {
  /** The chunks of a document; an AppError says why it is refused, and begins with a verb. */
  load(document: Unread, signal: AbortSignal): Promise<Chunk[]>;
  /** Ends the processes that have nothing to read. */
  close(): void;
}
