import type { SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { Blob } from "../storage/ports.ts";

/** LangGraph's serializer, to and from the blobs of the storage port. */
export class Codec {
  readonly #serde: SerializerProtocol;

  constructor(serde: SerializerProtocol) {
    this.#serde = serde;
  }

  async encode(value: unknown): Promise<Blob> {
    const [type, bytes] = await this.#serde.dumpsTyped(value);
    return { type, bytes };
  }

  async decode(blob: Blob): Promise<unknown> {
    return this.#serde.loadsTyped(blob.type, blob.bytes);
  }

  async decodeAll(blobs: Record<string, Blob>): Promise<Record<string, unknown>> {
    const decoded = Object.entries(blobs).map(async ([key, blob]) => [
      key,
      await this.decode(blob),
    ]);
    return Object.fromEntries(await Promise.all(decoded));
  }
}
