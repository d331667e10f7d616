/** Damps the lead of the first places; the constant of the method's paper. */
const K = 60;

interface Placed {
  item_id: string;
}

/** Fuses ranked lists by the reciprocals of the places in them, each list with its weight. */
export function fuse(
  lists: readonly { hits: readonly Placed[]; weight: number }[],
): { item_id: string; score: number }[] {
  const scores = new Map<string, number>();
  for (const { hits, weight } of lists)
    for (const [place, { item_id }] of hits.entries())
      scores.set(item_id, (scores.get(item_id) ?? 0) + weight / (K + place + 1));
  return [...scores]
    .map(([item_id, score]) => ({ item_id, score }))
    .toSorted((a, b) => b.score - a.score);
}
