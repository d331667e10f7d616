import { setImmediate as nextTurn } from "node:timers/promises";
import type { ItemRows, Candidate, ItemScan, ItemScope } from "../storage/items-port.ts";
import { Best } from "./best.ts";

/** Items of one look: few enough that nothing else waits long. */
const PAGE = 200;

/** A place among the items of a search, the best first. */
export interface Hit {
  item_id: string;
  score: number;
}

/** All candidates of a scope, page by page; in between the event loop has its turn. */
async function* candidates<Feature>(
  scope: ItemScope,
  read: (scan: ItemScan) => Promise<Candidate<Feature>[]>,
): AsyncGenerator<Candidate<Feature>> {
  let after: ItemScan["after"];
  for (;;) {
    const page = await read({ ...scope, after, limit: PAGE });
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return;
    await nextTurn();
  }
}

/** The items nearest to a vector, by the cosine of their nearest vector. */
export async function nearest(
  rows: ItemRows,
  scope: ItemScope,
  query: { vector: Float32Array; space: string; count: number },
): Promise<Hit[]> {
  const best = new Best(query.count);
  const read = (scan: ItemScan) => rows.withVectors(scan, query.space);
  for await (const { item_id, updated_at, feature } of candidates(scope, read))
    best.add({ item_id, updated_at, score: highestCosine(query.vector, feature) });
  return best.list();
}

/** Of vectors of length 1 that follow each other. */
function highestCosine(wanted: Float32Array, vectors: Float32Array): number {
  const { length } = wanted;
  let highest = -1;
  for (let start = 0; start + length <= vectors.length; start += length) {
    let sum = 0;
    for (let at = 0; at < length; at++) sum += (wanted[at] ?? 0) * (vectors[start + at] ?? 0);
    if (sum > highest) highest = sum;
  }
  return highest;
}

/** The items that have most of the words, a rare one counting more than one that many have. */
export async function wordiest(
  rows: ItemRows,
  scope: ItemScope,
  query: { words: readonly string[]; count: number },
): Promise<Hit[]> {
  const { words, count } = query;
  const found: { item_id: string; updated_at: number; has: boolean[] }[] = [];
  const read = (scan: ItemScan) => rows.withTerms(scan, words);
  for await (const { item_id, updated_at, feature } of candidates(scope, read))
    found.push({ item_id, updated_at, has: words.map((word) => feature.includes(` ${word}`)) });
  const weights = words.map((_, index) => rarity(found, index));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const best = new Best(count);
  for (const { has, ...item } of found) {
    const score = weights.reduce((sum, weight, index) => sum + (has[index] ? weight : 0), 0);
    best.add({ ...item, score: score / whole });
  }
  return best.list();
}

function rarity(found: readonly { has: readonly boolean[] }[], index: number): number {
  const count = found.filter(({ has }) => has[index]).length;
  return Math.log(1 + (found.length + 1) / (count + 0.5));
}
