import type { Chunk } from "./chunk.ts";

/** Fewer equal characters may be chance. */
const LEAST_SHARED = 8;

/** The text of a document out of its chunks, in which what two of them share stands once. */
export function wholeText(chunks: readonly Chunk[]): string {
  let text = "";
  let before: Chunk | undefined;
  for (const chunk of chunks) {
    const shared = before && continues(before, chunk) ? sharedLength(before.text, chunk.text) : 0;
    const gap = text === "" || shared > 0 ? "" : "\n";
    text += gap + chunk.text.slice(shared);
    before = chunk;
  }
  return text;
}

const continues = (before: Chunk, chunk: Chunk): boolean =>
  before.page === chunk.page && chunk.first_line <= before.last_line;

/** How many characters the end of one text and the beginning of another have in common. */
function sharedLength(before: string, after: string): number {
  for (let length = Math.min(before.length, after.length); length >= LEAST_SHARED; length--)
    if (before.endsWith(after.slice(0, length))) return length;
  return 0;
}
