const CJK = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}`;
const RUNS = new RegExp(`([${CJK}]+)|(?:(?![${CJK}])[\\p{L}\\p{M}\\p{N}])+`, "gu");

/** Words of one text at most, and of one query. */
const MAX_WORDS = 20_000;
const MAX_QUERY_WORDS = 32;

const folded = (text: string): string => text.normalize("NFKC").toLowerCase();

/** Chinese, Japanese and Korean have no spaces: every two signs that follow each other are a word. */
function pairsOf(signs: readonly string[]): string[] {
  return signs.slice(1).map((sign, index) => `${signs[index]}${sign}`);
}

interface Run {
  text: string;
  /** Its signs one by one, where it is of a script without spaces. */
  signs: string[] | undefined;
}

function* runsOf(text: string): Generator<Run> {
  for (const [run, cjk] of folded(text).matchAll(RUNS))
    yield { text: run, signs: cjk === undefined ? undefined : Array.from(cjk) };
}

/**
 * The words of texts, each once and after a space: what a search finds an item by. The last sign of
 * a Chinese run is a word too, so that every sign begins one.
 */
export function searchText(texts: readonly string[]): string {
  const words = new Set<string>();
  for (const text of texts) {
    for (const { text: run, signs } of runsOf(text)) {
      const found = signs ? [...pairsOf(signs), ...signs.slice(-1)] : [run];
      for (const word of found) if (words.size < MAX_WORDS) words.add(word);
    }
  }
  return [...words].map((word) => ` ${word}`).join("");
}

/** The words of a query; an item has one where a word of its own begins with it. */
export function queryWords(query: string): string[] {
  const words = [...runsOf(query)].flatMap(({ text, signs }) =>
    signs && signs.length > 1 ? pairsOf(signs) : [text],
  );
  return [...new Set(words)].slice(0, MAX_QUERY_WORDS);
}
