import type { Clock } from "../core/clock.ts";
import type { ItemRows } from "../storage/items-port.ts";
import { Documents } from "./documents.ts";
import type { Knowledge } from "./port.ts";
import { PassageSearch } from "./search.ts";

/** Documents, their chunks, words and vectors, as items of the store's rows. */
export function knowledgeBase(rows: ItemRows, clock: Clock): Knowledge {
  const documents = new Documents(rows, clock);
  const passages = new PassageSearch(rows, documents, clock);
  return {
    ingest: (...asked) => documents.ingest(...asked),
    search: (...asked) => passages.search(...asked),
    collections: (owner) => documents.collections(owner),
    documents: (...asked) => documents.list(...asked),
    deleteDocument: (...asked) => documents.delete(...asked),
    deleteCollection: (...asked) => documents.deleteCollection(...asked),
  };
}
