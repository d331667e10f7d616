import type { KnowledgeSearch } from "../domain/knowledge.ts";
import { type Scored, TopScores } from "./top-scores.ts";

/** Damps the lead of the first places; the constant of the method's paper. */
const K = 60;

/** What one way of searching found, the best first, and how much it counts. */
export interface Ranking {
  hits: readonly Scored[];
  weight: number;
}

/** What a hit of a ranking adds to the score of its chunk. */
const SHARES = {
  /** By the reciprocal of its place. */
  rrf: (_: Scored, place: number) => 1 / (K + place + 1),
  /** By its score, of which the best of the ranking is 1. */
  weighted: ({ score }: Scored, _: number, best: number) => (best > 0 ? score / best : 0),
} as const satisfies Record<NonNullable<KnowledgeSearch["fusion"]>, unknown>;

/** Makes one order of several rankings, each with its weight. */
export function fuse(rankings: readonly Ranking[], by: keyof typeof SHARES): Scored[] {
  const scores = new Map<number, number>();
  for (const { hits, weight } of rankings) {
    const best = hits[0]?.score ?? 0;
    for (const [place, hit] of hits.entries()) {
      const known = scores.get(hit.chunk_no) ?? 0;
      scores.set(hit.chunk_no, known + weight * SHARES[by](hit, place, best));
    }
  }
  const all = new TopScores(scores.size);
  for (const [chunk, score] of scores) all.add(chunk, score);
  return all.list();
}
