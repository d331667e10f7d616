import { DeltaSnapshot, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { Part } from "../storage/ports.ts";
import { fromShort, itemsOf } from "./item-tree.ts";
import type { ItemList } from "./known.ts";
import type { Memo } from "./memo.ts";
import { BYTES, CHUNK } from "./packer.ts";
import type { ReadPart, ThreadParts } from "./part-cache.ts";

const TEXT = new TextDecoder();

// What follows was written by the packer.
const fromPacked = <T>(text: string) => JSON.parse(text) as T;

const isId = (packed: string) => packed.startsWith("@");

interface Deps {
  serde: SerializerProtocol;
  memo: Memo;
  parts: ThreadParts;
  load: (partIds: string[]) => Promise<Part[]>;
}

/** Reads packed values of one thread; see packer.ts for their form. */
export class Unpacker {
  readonly lists: ItemList[] = [];
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async unpack(packed: string): Promise<unknown> {
    switch (packed.charAt(0)) {
      case "@":
        await this.fetch([packed]);
        return this.#valueOf(packed);
      case "[":
        return this.#unpackList(fromPacked<(string | string[])[]>(packed));
      case "{":
        return this.#unpackFields(fromPacked<Record<string, string>>(packed));
      case "~":
        return new DeltaSnapshot(await this.unpack(packed.slice(1)));
      default:
        return this.#deps.serde.loadsTyped("json", packed.slice(1));
    }
  }

  /** Reads at once those of the parts named that are not in memory. */
  async fetch(packed: readonly string[]): Promise<void> {
    const { parts, load } = this.#deps;
    const missing = new Set(packed.filter((text) => isId(text) && parts.get(text) === undefined));
    if (missing.size === 0) return;
    for (const part of await load([...missing])) {
      parts.set(part.part_id, readPart(part), part.value.bytes.length);
    }
  }

  async #unpackList(shortLevels: (string | string[])[]): Promise<unknown[]> {
    const levels = shortLevels.map(fromShort);
    const items = await itemsOf(levels, (ids) => this.#chunksOf(ids));
    const shared = items.map((item) => this.#sharedOf(item));
    await this.fetch(items.filter((_, index) => shared[index] === undefined));
    const list: unknown[] = [];
    for (const [index, item] of items.entries()) {
      const known = shared[index];
      list.push(known ? known.value : await this.#unpackPart(item));
    }
    this.lists.push({ values: [...list], items, levels });
    return list;
  }

  async #unpackFields(fields: Record<string, string>): Promise<object> {
    await this.fetch(Object.values(fields));
    const values: [name: string, value: unknown][] = [];
    for (const [name, packed] of Object.entries(fields)) {
      values.push([name, await this.#unpackPart(packed)]);
    }
    return Object.fromEntries(values);
  }

  #unpackPart(packed: string): Promise<unknown> {
    return isId(packed) ? this.#valueOf(packed) : this.unpack(packed);
  }

  async #chunksOf(ids: string[]): Promise<string[][]> {
    await this.fetch(ids);
    return ids.map((id) => {
      const part = this.#partOf(id);
      return "chunk" in part ? part.chunk : [];
    });
  }

  /** The value of a part that was read before, unless a graph has changed it since. */
  #sharedOf(id: string): { value: unknown } | undefined {
    const part = this.#deps.parts.get(id);
    if (part === undefined || !("value" in part)) return undefined;
    const { value } = part;
    const isSame =
      typeof value !== "object" || value === null || this.#deps.memo.find(value) === id;
    return isSame ? part : undefined;
  }

  async #valueOf(id: string): Promise<unknown> {
    const shared = this.#sharedOf(id);
    if (shared) return shared.value;
    const { memo, parts, load } = this.#deps;
    const kept = this.#partOf(id);
    const [stored] = "value" in kept ? await load([id]) : [];
    const part = stored ? readPart(stored) : kept;
    if ("bytes" in part) return part.bytes.slice();
    if (!("root" in part)) return undefined;
    const value = await this.unpack(part.root);
    const canShare = typeof value !== "object" || value === null || memo.remember(value, id);
    if (canShare) parts.set(id, { value }, 0);
    return value;
  }

  #partOf(id: string): ReadPart {
    const part = this.#deps.parts.get(id);
    if (part) return part;
    throw new Error(`The part ${id} of a checkpoint is missing`);
  }
}

function readPart({ value: { type, bytes } }: Part): ReadPart {
  if (type === BYTES) return { bytes };
  const text = TEXT.decode(bytes);
  return type === CHUNK
    ? { chunk: fromShort(fromPacked<string | string[]>(text)) }
    : { root: text };
}
