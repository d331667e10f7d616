import { setImmediate as nextTurn } from "node:timers/promises";
import type { FieldCondition } from "../domain/item-filter.ts";
import type {
  ChunkVector,
  CollectionAt,
  DocumentSize,
  KnowledgeRows,
} from "../storage/knowledge-port.ts";
import { dotAt } from "./dot.ts";
import { type Scored, TopScores } from "./top-scores.ts";
import type { VectorBlock } from "./vector-store.ts";

/** Documents of one list, whose rows are small. */
const SIZES = 1000;
/** Vectors of one look: few enough that nothing else waits long. */
const PAGE = 200;

/** Compares a vector with those of documents as they are read, with nothing kept. */
export async function scanned(
  rows: KnowledgeRows,
  documents: readonly DocumentSize[],
  { vector, count }: { vector: Float32Array; count: number },
): Promise<Scored[]> {
  const best = new TopScores(count);
  for await (const page of pagesOf(rows, documents))
    for (const one of page) best.add(one.chunk_no, dotAt(vector, one.vector, 0));
  return best.list();
}

/** The vectors of documents, page by page; in between the event loop has its turn. */
export async function* pagesOf(
  rows: KnowledgeRows,
  documents: readonly DocumentSize[],
): AsyncGenerator<ChunkVector[]> {
  for (const group of groupsOf(documents)) {
    const numbers = group.map(({ document_no }) => document_no);
    const most = Math.max(...group.map(({ chunks }) => chunks));
    for (let from = 0; from < most; from += PAGE) {
      yield await rows.vectors({ documents: numbers, from, to: from + PAGE });
      await nextTurn();
    }
  }
}

/** Documents that together have the chunks of one page, or one that has more. */
function* groupsOf(documents: readonly DocumentSize[]): Generator<DocumentSize[]> {
  let group: DocumentSize[] = [];
  let sum = 0;
  for (const document of documents) {
    if (group.length > 0 && sum + document.chunks > PAGE) {
      yield group;
      [group, sum] = [[], 0];
    }
    group.push(document);
    sum += document.chunks;
  }
  if (group.length > 0) yield group;
}

/** The documents of a collection and space that meet conditions, in the order of their numbers. */
export async function documentsIn(
  rows: KnowledgeRows,
  { collection, space }: { collection: CollectionAt; space: string },
  conditions: readonly FieldCondition[],
): Promise<DocumentSize[]> {
  const scope = { collection_no: collection.collection_no, space, conditions };
  const found: DocumentSize[] = [];
  for (;;) {
    const after = found.at(-1)?.document_no ?? 0;
    const page = await rows.sizes(scope, { after, limit: SIZES });
    found.push(...page);
    if (page.length < SIZES) return found;
    await nextTurn();
  }
}

/** Vectors of equal size as one block. */
export function blockOf(page: readonly ChunkVector[]): VectorBlock {
  const size = page[0]?.vector.length ?? 0;
  const vectors = new Float32Array(page.length * size);
  for (const [at, one] of page.entries()) vectors.set(one.vector, at * size);
  return {
    vectors,
    chunks: Float64Array.from(page, ({ chunk_no }) => chunk_no),
    documents: Float64Array.from(page, ({ document_no }) => document_no),
  };
}
