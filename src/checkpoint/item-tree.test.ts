import { describe, expect, it } from "vitest";
import { addItem, fromShort, itemsOf, toShort, type Levels } from "./item-tree.ts";

/** Builds trees whose chunks are kept in one place. */
function forest() {
  const chunks = new Map<string, string[]>();
  const ids = new Map<string, string>();
  const toId = (chunk: string[]) => {
    const text = JSON.stringify(chunk);
    const id = ids.get(text) ?? `@${ids.size}`;
    ids.set(text, id);
    chunks.set(id, chunk);
    return id;
  };
  const grow = (items: string[], levels: Levels = []) => {
    for (const item of items) addItem(levels, item, toId);
    return levels;
  };
  const read = (levels: Levels) =>
    itemsOf(levels, async (names) => names.map((name) => chunks.get(name) ?? []));
  return { chunks, grow, read };
}

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `@item${n * 7919}`);

describe("a tree of items", () => {
  it("gives back lists of any length", async () => {
    for (const count of [0, 1, 2, 3, 5, 17, 100, 1000]) {
      const { grow, read } = forest();
      expect(await read(grow(numbered(count)))).toEqual(numbered(count));
    }
  });

  it("gives back items that are all the same", async () => {
    const { grow, read, chunks } = forest();
    const items = Array.from({ length: 500 }, () => "=1");
    expect(await read(grow(items))).toEqual(items);
    expect(chunks.size).toBeLessThan(50);
  });

  it("is the same tree whether it grew or was made at once", () => {
    const { grow } = forest();
    const items = numbered(300);
    expect(grow(items.slice(120), grow(items.slice(0, 120)))).toEqual(grow(items));
  });

  it("keeps few of the items itself", () => {
    const levels = forest().grow(numbered(2000));
    expect(levels.flat().length).toBeLessThan(60);
  });

  it("shares its chunks with lists that differ at one place", () => {
    for (const change of [
      (items: string[]) => items.toSpliced(1000, 1, "@other"),
      (items: string[]) => items.slice(1),
      (items: string[]) => ["@other", ...items],
    ]) {
      const { grow, chunks } = forest();
      const items = numbered(2000);
      grow(items);
      const before = chunks.size;
      grow(change(items));
      expect(chunks.size - before).toBeLessThan(20);
    }
  });
});

it("writes ids in short, and other items as they are", () => {
  for (const items of [[], ["@a", "@b"], ["@a", "=1"], ['="@"']]) {
    expect(fromShort(toShort(items))).toEqual(items);
  }
  expect(toShort(["@a", "@b"])).toBe("@a@b");
});
