import { closestMatch } from "leven";

/** The known word nearest to a misspelt one, if any is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const maxDistance = Math.max(2, Math.floor(word.length / 3));
  return closestMatch(word.slice(0, 100), [...known], { maxDistance });
}

/** A sentence part such as ` (did you mean "pay_in"?)`, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const match = nearest(word, known);
  return match === undefined ? "" : ` (did you mean ${JSON.stringify(match)}?)`;
}
