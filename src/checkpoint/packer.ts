import { hash } from "node:crypto";
import { isDeltaSnapshot, type SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { Blob, Part } from "../storage/ports.ts";
import { addItem, toShort } from "./item-tree.ts";
import type { ItemList, Known } from "./known.ts";
import type { Memo } from "./memo.ts";

/**
 * The packed form of a value is a text that its first sign says how to read:
 *   `=`  the serializer's JSON
 *   `@`  the id of a part
 *   `[`  a list: the levels of its tree, whose items are packed values
 *   `{`  an object: its fields, packed
 *   `~`  a DeltaSnapshot of the packed value that follows
 * A part is a packed value of its own (type "packed"), the items of a chunk ("chunk"), or bytes
 * ("bytes"). Its id is a hash of its content, so a thread holds each part once.
 */
export const PACKED = "packed";
export const CHUNK = "chunk";
export const BYTES = "bytes";

/** Longer values are parts, so that all who hold one share it; trees of lists are not, for they differ. */
const MAX_INLINE = 100;
const MAX_INLINE_TREE = 2000;
const MAX_DEPTH = 4;

/** So many of the last objects that seem to be what they were are looked at all the same. */
const LOOKED_AT = 16;

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

const idOf = ({ type, bytes }: Blob) =>
  `@${hash("sha256", Buffer.concat([UTF8.encode(`${type}\0`), bytes]), "base64url").slice(0, 16)}`;

const isJson = (packed: string) => packed.startsWith("=");

/** The fields of what the serializer writes as a plain object, and reads back as one. */
function fieldsOf(value: unknown): object | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("lg_name" in value && value.lg_name === "Send" && "node" in value && "args" in value) {
    const { node, args } = value;
    const timeout = "timeout" in value && value.timeout !== undefined ? [value.timeout] : [];
    return { node, args, ...(timeout.length > 0 ? { timeout: timeout[0] } : {}) };
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  return isPlain && !("toJSON" in value) && !("lc" in value) ? value : undefined;
}

/** True for what has a list in it that may grow. */
function hasList(value: unknown, depth: number): boolean {
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isDeltaSnapshot(value)) return true;
  const fields = fieldsOf(value);
  return fields !== undefined && Object.values(fields).some((part) => hasList(part, depth + 1));
}

/** Packs the values of one commit, and gathers the parts it has to store for them. */
export class Packer {
  readonly lists: ItemList[] = [];
  readonly #parts = new Map<string, Blob>();
  readonly #serde: SerializerProtocol;
  readonly #memo: Memo;
  readonly #known: Known;
  readonly #hasWrites: boolean;

  /**
   * With `hasWrites` all that nodes returned was packed before. Then what they did not return is
   * what it was, as LangGraph asks of them, and need not be looked at.
   */
  constructor(deps: { serde: SerializerProtocol; memo: Memo; known: Known; hasWrites: boolean }) {
    this.#serde = deps.serde;
    this.#memo = deps.memo;
    this.#known = deps.known;
    this.#hasWrites = deps.hasWrites;
  }

  get parts(): Part[] {
    return [...this.#parts].map(([part_id, value]) => ({ part_id, value }));
  }

  /** The packed form of a value, or undefined for one that JSON leaves out, such as a function. */
  async pack(value: unknown): Promise<string | undefined> {
    const packed = await this.#pack(value, 0);
    return packed === "=" ? undefined : this.#shorten(packed);
  }

  async #pack(value: unknown, depth: number): Promise<string> {
    if (isDeltaSnapshot(value)) return `~${await this.#pack(value.value, depth)}`;
    if (!hasList(value, depth)) return this.#packWhole(value);
    if (Array.isArray(value)) return this.#packList(value, depth);
    return this.#packFields(fieldsOf(value) ?? {}, depth);
  }

  async #packWhole(value: unknown): Promise<string> {
    const [type, bytes] = await this.#serde.dumpsTyped(value);
    return type === "json" ? `=${TEXT.decode(bytes)}` : this.#keep({ type: BYTES, bytes });
  }

  async #packFields(fields: object, depth: number): Promise<string> {
    const packed: [name: string, value: string][] = [];
    for (const [name, value] of Object.entries(fields)) {
      const part = await this.#packPart(value, depth);
      if (part !== "=") packed.push([name, part]);
    }
    if (packed.some(([, part]) => !isJson(part))) return JSON.stringify(Object.fromEntries(packed));
    return `={${packed.map(([name, part]) => `${JSON.stringify(name)}:${part.slice(1)}`).join()}}`;
  }

  async #packList(list: readonly unknown[], depth: number): Promise<string> {
    const same = this.#sameStart(list);
    const items = [...(same?.items ?? [])];
    for (const value of list.slice(items.length)) {
      const item = this.#memo.find(value) ?? (await this.#packPart(value, depth));
      items.push(item === "=" ? "=null" : item);
    }
    const json = items.every(isJson) ? `=[${items.map((item) => item.slice(1)).join()}]` : "";
    if (json !== "" && json.length <= MAX_INLINE) return json;
    const start = same ?? this.#known.startOf(items) ?? { items: [], levels: [] };
    const levels = start.levels.map((level) => [...level]);
    for (let at = start.items.length; at < items.length; at += 1) {
      const item = items[at] ?? "";
      // One that was only remembered may be stored in another thread.
      if (item.startsWith("@") && !this.#has(item)) await this.#packPart(list[at], depth);
      addItem(levels, item, (chunk) =>
        this.#keep({ type: CHUNK, bytes: UTF8.encode(JSON.stringify(toShort(chunk))) }),
      );
    }
    this.lists.push({ values: [...list], items, levels });
    return JSON.stringify(levels.map(toShort));
  }

  #sameStart(list: readonly unknown[]): ItemList | undefined {
    const same = this.#hasWrites ? this.#known.startOfValues(list) : undefined;
    const isSame = (item: string, index: number) =>
      !item.startsWith("@") || this.#memo.find(same?.values.at(index - LOOKED_AT)) === item;
    return same?.items.slice(-LOOKED_AT).every(isSame) ? same : undefined;
  }

  async #packPart(value: unknown, depth: number): Promise<string> {
    const known = this.#memo.find(value);
    if (known !== undefined && this.#has(known)) return known;
    const packed = await this.#pack(value, depth + 1);
    const part = packed.length > MAX_INLINE ? this.#keepPacked(packed) : packed;
    if (part.startsWith("@") && typeof value === "object" && value !== null) {
      const before = this.#memo.recall(value);
      if (before !== undefined && before !== part) this.#known.forgetValues();
      this.#memo.remember(value, part);
    }
    return part;
  }

  #shorten(packed: string): string {
    const limit = isJson(packed) ? MAX_INLINE : MAX_INLINE_TREE;
    return packed.length > limit ? this.#keepPacked(packed) : packed;
  }

  #keepPacked(packed: string): string {
    return this.#keep({ type: PACKED, bytes: UTF8.encode(packed) });
  }

  #keep(part: Blob): string {
    const id = idOf(part);
    if (!this.#known.has(id)) this.#parts.set(id, part);
    return id;
  }

  #has(id: string): boolean {
    return this.#known.has(id) || this.#parts.has(id);
  }
}
