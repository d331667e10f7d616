import type { PendingWrite, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { Blob, Checkpoints, Part } from "../storage/ports.ts";
import type { Known } from "./known.ts";
import { PACKED, Packer } from "./packer.ts";
import type { PartCache } from "./part-cache.ts";
import { Unpacker } from "./unpacker.ts";

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** What a commit stores: packed values and the parts they need. */
export interface Packing {
  parts: Part[];
  /** To be called once they are stored. */
  settle: () => void;
}

export interface PackedWrite {
  channel: string;
  value: Blob;
}

/** The values of one thread, to and from what the storage port keeps of them. */
export class Codec {
  readonly #serde: SerializerProtocol;
  readonly #cache: PartCache;
  readonly #known: Known;
  readonly #unpacker: Unpacker;

  constructor(
    threadId: string,
    deps: {
      serde: SerializerProtocol;
      checkpoints: Checkpoints;
      cache: PartCache;
      known: Known;
    },
  ) {
    const { serde, checkpoints, cache, known } = deps;
    this.#serde = serde;
    this.#cache = cache;
    this.#known = known;
    this.#unpacker = new Unpacker({
      serde,
      memo: cache.memo,
      parts: cache.of(threadId),
      load: (partIds) => checkpoints.parts(threadId, partIds),
    });
  }

  /** The serialised form of what is not a value of the graph. */
  async encode(value: unknown): Promise<Blob> {
    const [type, bytes] = await this.#serde.dumpsTyped(value);
    return { type, bytes };
  }

  decode({ type, bytes }: Blob): Promise<unknown> {
    return type === PACKED
      ? this.#unpacker.unpack(TEXT.decode(bytes))
      : this.#serde.loadsTyped(type, bytes);
  }

  /** Packs each value that was not packed before; one that cannot be stored, such as a function, is left out. */
  async packAll(
    values: readonly [name: string, value: unknown][],
    packedBefore: (name: string) => string | undefined,
  ): Promise<Packing & { packed: Record<string, string> }> {
    const packer = this.#packer(await this.#known.hadWrites());
    const packed: [name: string, text: string][] = [];
    for (const [name, value] of values) {
      const text = packedBefore(name) ?? (await packer.pack(value));
      if (text !== undefined) packed.push([name, text]);
    }
    return { packed: Object.fromEntries(packed), ...this.#packing(packer) };
  }

  packWrites(writes: readonly PendingWrite[]): Promise<Packing & { packed: PackedWrite[] }> {
    const packing = this.#packWrites(writes);
    this.#known.expectWrites(packing);
    return packing;
  }

  async #packWrites(writes: readonly PendingWrite[]): Promise<Packing & { packed: PackedWrite[] }> {
    const packer = this.#packer(false);
    const packed: PackedWrite[] = [];
    for (const [channel, value] of writes) {
      const text = (await packer.pack(value)) ?? "=null";
      packed.push({ channel, value: { type: PACKED, bytes: UTF8.encode(text) } });
    }
    return { packed, ...this.#packing(packer) };
  }

  async unpackAll(packed: Record<string, string>): Promise<Record<string, unknown>> {
    await this.#unpacker.fetch(Object.values(packed));
    const values: [name: string, value: unknown][] = [];
    for (const [name, text] of Object.entries(packed)) {
      values.push([name, await this.#unpacker.unpack(text)]);
    }
    this.#known.learn(this.#unpacker);
    return Object.fromEntries(values);
  }

  #packer(hasWrites: boolean): Packer {
    return new Packer({
      serde: this.#serde,
      memo: this.#cache.memo,
      known: this.#known,
      hasWrites,
    });
  }

  #packing(packer: Packer): Packing {
    const { parts, lists } = packer;
    const settle = () => this.#known.learn({ parts: parts.map(({ part_id }) => part_id), lists });
    return { parts, settle };
  }
}
