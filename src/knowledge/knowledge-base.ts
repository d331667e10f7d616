import type { Clock } from "../core/clock.ts";
import type { KnowledgeRows } from "../storage/knowledge-port.ts";
import { Documents } from "./documents.ts";
import type { Knowledge, NearestChunks } from "./port.ts";
import { searchCollection } from "./search.ts";

interface Parts {
  rows: KnowledgeRows;
  vectors: NearestChunks;
  clock: Clock;
}

/** Documents, their chunks, words and vectors. */
export function knowledgeBase({ rows, vectors, clock }: Parts): Knowledge {
  const documents = new Documents(rows, clock);
  return {
    ingest: (...asked) => documents.ingest(...asked),
    async search(owner, search, models) {
      const collection = await rows.collection(owner, search.collection);
      if (collection === undefined || collection.chunks === 0) return { passages: [] };
      return searchCollection({ rows, vectors, models }, collection, search);
    },
    collections: (owner) => documents.collections(owner),
    documents: (...asked) => documents.list(...asked),
    deleteDocument: (...asked) => documents.delete(...asked),
    deleteCollection: (...asked) => documents.deleteCollection(...asked),
    close: () => vectors.close(),
  };
}
