import { dotAt } from "./dot.ts";
import { type Scored, TopScores } from "./top-scores.ts";

/** Vectors one after the other, with the chunk and document of each. */
export interface VectorBlock {
  vectors: Float32Array<ArrayBuffer>;
  chunks: Float64Array<ArrayBuffer>;
  documents: Float64Array<ArrayBuffer>;
}

export interface VectorQuery {
  vector: Float32Array;
  count: number;
  /** The documents that are searched; all where not given. */
  only?: readonly number[] | undefined;
}

/** The vectors of one collection in memory, searched one by one. */
export class VectorStore {
  #blocks: VectorBlock[] = [];

  add(block: VectorBlock): void {
    this.#blocks.push(block);
  }

  /** Forgets documents and gives their memory back. */
  drop(documents: readonly number[]): void {
    const gone = new Set(documents);
    const blocks = this.#blocks.map((block) => without(block, gone));
    this.#blocks = blocks.filter(({ chunks }) => chunks.length > 0);
  }

  search({ vector, count, only }: VectorQuery): Scored[] {
    const wanted = only && new Set(only);
    const best = new TopScores(count);
    for (const { vectors, chunks, documents } of this.#blocks) {
      for (const [at, chunk] of chunks.entries()) {
        if (wanted?.has(documents[at] ?? 0) === false) continue;
        best.add(chunk, dotAt(vector, vectors, at * vector.length));
      }
    }
    return best.list();
  }
}

function without(block: VectorBlock, gone: ReadonlySet<number>): VectorBlock {
  const { vectors, chunks, documents } = block;
  const kept = [...documents.keys()].filter((at) => !gone.has(documents[at] ?? 0));
  if (kept.length === documents.length) return block;
  const size = vectors.length / chunks.length;
  const fewer = new Float32Array(kept.length * size);
  for (const [to, from] of kept.entries())
    fewer.set(vectors.subarray(from * size, (from + 1) * size), to * size);
  return {
    vectors: fewer,
    chunks: Float64Array.from(kept, (at) => chunks[at] ?? 0),
    documents: Float64Array.from(kept, (at) => documents[at] ?? 0),
  };
}
