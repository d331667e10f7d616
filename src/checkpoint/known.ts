import type { Levels } from "./item-tree.ts";

/** A list that was stored or read whole: its values, their packed form, and the tree of that. */
export interface ItemList {
  values: readonly unknown[];
  items: readonly string[];
  levels: Levels;
}

const MAX_LISTS = 16;
const MAX_CHECKPOINTS = 16;

const beginsWith = (list: readonly unknown[], start: readonly unknown[]) =>
  start.length <= list.length &&
  start.at(-1) === list[start.length - 1] &&
  start.every((item, index) => item === list[index]);

const longest = (lists: readonly ItemList[]): ItemList | undefined =>
  lists.toSorted((a, b) => b.items.length - a.items.length)[0];

/** Where a checkpoint is in its thread. */
export interface Spot {
  checkpoint_ns: string;
  checkpoint_id: string;
}

const keyOf = ({ checkpoint_ns, checkpoint_id }: Spot) => `${checkpoint_id} ${checkpoint_ns}`;

/** What a run can be sure is stored in its thread: what it has read there or written itself. */
export class Known {
  readonly #parts = new Set<string>();
  readonly #values = new Map<string, Record<string, string>>();
  #lists: ItemList[] = [];
  #writes: Promise<unknown> | undefined;

  /** The packed values of a checkpoint, if it is one of the last that were read or written. */
  valuesAt(spot: Spot): Record<string, string> {
    return this.#values.get(keyOf(spot)) ?? {};
  }

  learnValues(spot: Spot, values: Record<string, string>): void {
    this.#values.set(keyOf(spot), values);
    const [oldest] = this.#values.keys();
    if (oldest !== undefined && this.#values.size > MAX_CHECKPOINTS) this.#values.delete(oldest);
  }

  has(partId: string): boolean {
    return this.#parts.has(partId);
  }

  /** The longest known list that these items begin with. */
  startOf(items: readonly string[]): ItemList | undefined {
    return longest(this.#lists.filter((list) => beginsWith(items, list.items)));
  }

  /** The longest known list that begins a list with the very same objects. */
  startOfValues(values: readonly unknown[]): ItemList | undefined {
    return longest(this.#lists.filter((list) => beginsWith(values, list.values)));
  }

  /** After an object of a list was changed: from now on each is looked at again. */
  forgetValues(): void {
    this.#lists = this.#lists.map((list) => ({ ...list, values: [{}] }));
  }

  /** While the writes of a step are being packed. */
  expectWrites(packing: Promise<unknown>): void {
    this.#writes = Promise.allSettled([this.#writes, packing]);
  }

  /** Once they are: true if there were any since it was last asked. */
  async hadWrites(): Promise<boolean> {
    const writes = this.#writes;
    this.#writes = undefined;
    await writes;
    return writes !== undefined;
  }

  learn(stored: { parts?: Iterable<string>; lists: readonly ItemList[] }): void {
    for (const id of stored.parts ?? []) this.#parts.add(id);
    this.#lists = [...this.#lists, ...stored.lists].slice(-MAX_LISTS);
  }
}
