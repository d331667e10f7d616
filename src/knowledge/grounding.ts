import { searchText } from "../store/words.ts";

/** A passage by the number that an answer cites it by. */
export interface CitedPassage {
  number: number;
  text: string;
}

/** A sentence with less of its words in the passages stands alone; of Chinese, of its pairs of signs. */
const MIN_SHARE = 0.5;
const MIN_SHARE_CJK = 0.3;
/** Letters by which forms of one word are alike. */
const STEM = 5;
/** Sentences of fewer words say nothing that could be checked. */
const MIN_WORDS = 3;

const CITATIONS = /\s*((?:\[\d+\]\s*)+)/gu;
const END = /(?<=[.!?。！？；;](?:\s|$)|[。！？；])|\n+/gu;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const NUMBER = /\d+(?:[.,]\d+)*/gu;

/**
 * The sentences of an answer that the passages do not bear out: by the words and numbers that they
 * share with the passages they cite, or with all where they cite none.
 */
export function unsupportedSentences(answer: string, passages: readonly CitedPassage[]): string[] {
  return sentencesOf(answer).filter((sentence) => !isSupported(sentence, passages));
}

/** The sentences of a text, each with the citations that stand behind it. */
export function sentencesOf(text: string): string[] {
  // "It burns oil. [1]" cites as "It burns oil [1]." does.
  const moved = text.replaceAll(
    /([.!?。！？；;])((?:\s*\[\d+\])+)/gu,
    (_, end: string, cited: string) => `${cited}${end}`,
  );
  return moved
    .split(END)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "");
}

function isSupported(sentence: string, passages: readonly CitedPassage[]): boolean {
  const cited = new Set(
    Array.from(sentence.matchAll(/\[(\d+)\]/gu), ([, digits]) => Number(digits)),
  );
  if ([...cited].some((number) => !passages.some((it) => it.number === number))) return false;
  const used = cited.size === 0 ? passages : passages.filter(({ number }) => cited.has(number));
  const plain = sentence.replaceAll(CITATIONS, " ");
  const text = used.map((it) => it.text).join("\n");
  // Words of two languages cannot be compared.
  if (CJK.test(plain) !== CJK.test(text) || /[?？:：]$/u.test(plain.trim())) return true;
  const held = new Set(wordsOf(text));
  const words = wordsOf(plain);
  const least = CJK.test(plain) ? MIN_SHARE_CJK : MIN_SHARE;
  if (words.length < MIN_WORDS) return true;
  const numbers = Array.from(plain.matchAll(NUMBER), ([digits]) => digits);
  if (numbers.some((digits) => !text.includes(digits))) return false;
  return words.filter((word) => held.has(word)).length >= least * words.length;
}

const wordsOf = (text: string): string[] =>
  searchText([text])
    .split(" ")
    .filter(isWord)
    .map((word) => word.slice(0, STEM));

/** Short words of alphabets are in every text. */
const isWord = (word: string): boolean => word.length > 3 || CJK.test(word) || /\d/u.test(word);
