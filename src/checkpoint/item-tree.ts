/**
 * The items of a list as a tree. Level 0 holds the last few items; each level above holds the ids of
 * the chunks that were cut off the level below it. Where a chunk ends depends on its items alone, so
 * that lists with a stretch in common share its chunks wherever it stands.
 */
export type Levels = string[][];

const MIN_CHUNK = 2;
const MAX_CHUNK = 16;

/** True for every fourth text or so. */
function isLast(text: string): boolean {
  let hash = 0;
  for (let at = Math.max(0, text.length - 8); at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return ((hash ^ (hash >>> 15)) & 3) === 0;
}

const isId = (text: string) => text.startsWith("@");

/** Items in short: ids that begin with their sign need nothing between them. */
export const toShort = (items: string[]): string | string[] =>
  items.every(isId) ? items.join("") : items;

/** The items that `toShort` was given. */
export const fromShort = (short: string | string[]): string[] =>
  typeof short === "string" ? (short.match(/@[^@]+/gu) ?? []) : short;

/** Adds an item at the end of the list; `toId` keeps a chunk and answers its id. */
export function addItem(levels: Levels, item: string, toId: (chunk: string[]) => string): void {
  let added = item;
  for (let height = 0; ; height += 1) {
    const level = (levels[height] ??= []);
    level.push(added);
    const isFull = level.length >= MAX_CHUNK || (level.length >= MIN_CHUNK && isLast(added));
    if (!isFull) return;
    levels[height] = [];
    added = toId(level);
  }
}

/** All items in order; `chunksOf` answers the chunks of one level by their ids. */
export async function itemsOf(
  levels: Levels,
  chunksOf: (ids: string[]) => Promise<string[][]>,
): Promise<string[]> {
  let items: string[] = [];
  for (const level of levels.toReversed()) {
    const chunks = items.length > 0 ? await chunksOf(items) : [];
    items = [...chunks.flat(), ...level];
  }
  return items;
}
