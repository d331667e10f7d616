import { setImmediate as nextTurn } from "node:timers/promises";
import type { CollectionAt, KnowledgeRows } from "../storage/knowledge-port.ts";
import { type Scored, TopScores } from "./top-scores.ts";

/** A word that more chunks have says little of one; so few are read in a few milliseconds. */
const MAX_CHUNKS = 5000;

/** Words this long may go on in a text; shorter ones begin too many others. */
const START_LENGTH = 4;
const CJK_SIGN = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]$/u;

/** Chunks by the words of a query that they have, a rare one counting more; a score is a share of the query. */
export async function wordHits(
  rows: KnowledgeRows,
  { collection_no, chunks }: CollectionAt,
  { words, count }: { words: readonly string[]; count: number },
): Promise<Scored[]> {
  const found: { chunks: number[]; weight: number; isRare: boolean }[] = [];
  for (const word of words) {
    const wanted = { text: word, isStart: isStart(word) };
    const hits = await rows.withWord(collection_no, wanted, MAX_CHUNKS);
    const weight = rarity(chunks, hits.length);
    found.push({ chunks: hits, weight, isRare: hits.length < MAX_CHUNKS });
    await nextTurn();
  }
  const known = found.filter((it) => it.chunks.length > 0);
  const rare = known.filter(({ isRare }) => isRare);
  const scores = new Map<number, number>();
  for (const it of rare.length > 0 ? rare : known)
    for (const chunk of it.chunks) scores.set(chunk, (scores.get(chunk) ?? 0) + it.weight);
  const whole = known.reduce((sum, { weight }) => sum + weight, 0);
  const best = new TopScores(count);
  for (const [chunk, score] of scores) best.add(chunk, score / whole);
  return best.list();
}

/** A sign of Chinese alone is looked for in every pair that begins with it. */
const isStart = (word: string): boolean => word.length >= START_LENGTH || CJK_SIGN.test(word);

/** Rows that are not shown any more may make more have a word than there are. */
const rarity = (all: number, having: number): number =>
  Math.log(1 + (Math.max(0, all - having) + 0.5) / (having + 0.5));
