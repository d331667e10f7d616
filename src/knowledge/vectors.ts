import type { CollectionAt, DocumentSize, KnowledgeRows } from "../storage/knowledge-port.ts";
import type { NearestChunks, VectorSearch } from "./port.ts";
import type { Scored } from "./top-scores.ts";
import { blockOf, documentsIn, pagesOf, scanned } from "./scan.ts";
import { VectorThread } from "./vector-thread.ts";

/** Numbers that are multiplied where they are read, rather than kept in memory. */
const SCANNED_NUMBERS = 500_000;
/** Collections whose documents are known by heart. */
const MAX_HELD = 200;
const BYTES = 4;

/** The vectors of a collection and space that the thread holds, or which there are of them. */
interface Held {
  revision: number;
  documents: Map<number, number>;
  chunks: number;
  bytes: number;
  isLoaded: boolean;
  /** Settles when it is as its collection was. */
  ready: Promise<void>;
}

interface Bounds {
  /** Memory for the vectors of all collections together. */
  maxBytes: number;
  /** Numbers of a collection that are not worth keeping. */
  scannedNumbers?: number;
}

interface Place {
  collection: CollectionAt;
  space: string;
  size: number;
}

/**
 * Exact search: large collections in memory and in a thread of their own, as many as the bound allows;
 * others are read from the database vector by vector.
 */
export class MemoryVectors implements NearestChunks {
  readonly #rows: KnowledgeRows;
  readonly #bounds: Bounds;
  /** Used last comes last. */
  readonly #held = new Map<string, Held>();
  #thread: VectorThread | undefined;

  constructor(rows: KnowledgeRows, bounds: Bounds) {
    this.#rows = rows;
    this.#bounds = bounds;
  }

  async nearest({ collection, space, conditions, vector, count }: VectorSearch): Promise<Scored[]> {
    const place = { collection, space, size: vector.length };
    const key = `${collection.collection_no} ${space}`;
    const held = await this.#current(key, place);
    const only =
      conditions.length > 0 ? await documentsIn(this.#rows, place, conditions) : undefined;
    const chunks = only ? only.reduce((sum, one) => sum + one.chunks, 0) : held.chunks;
    if (!held.isLoaded || !this.#isLarge(chunks * vector.length))
      return await scanned(this.#rows, only ?? sizesOf(held.documents), { vector, count });
    const documents = only?.map(({ document_no }) => document_no);
    return await this.#threadNow().search(key, { vector, count, only: documents });
  }

  async close(): Promise<void> {
    this.#held.clear();
    await this.#thread?.close();
  }

  /** What is held of a collection, brought up to its revision by one search for all that wait. */
  async #current(key: string, place: Place): Promise<Held> {
    if (this.#thread?.isOver === true) this.#forgetAll();
    const fresh = { revision: -1, documents: new Map(), chunks: 0, bytes: 0, isLoaded: false };
    const held: Held = this.#held.get(key) ?? { ...fresh, ready: Promise.resolve() };
    this.#held.delete(key);
    this.#held.set(key, held);
    held.ready = this.#bring(key, held, place);
    await held.ready;
    this.#forgetOldest();
    return held;
  }

  /** After whoever is at it already; a failure is for those who waited for it. */
  async #bring(key: string, held: Held, place: Place): Promise<void> {
    await held.ready.catch(() => undefined);
    if (held.revision >= place.collection.revision) return;
    try {
      await this.#refresh(key, held, place);
    } catch (error) {
      // Half of it may be in the thread.
      this.#unload(key, held);
      throw error;
    }
  }

  async #refresh(key: string, held: Held, place: Place): Promise<void> {
    const found = await documentsIn(this.#rows, place, []);
    const now = new Map(found.map(({ document_no, chunks }) => [document_no, chunks]));
    const gone = [...held.documents.keys()].filter((document) => !now.has(document));
    const fresh = found.filter(({ document_no }) => !held.documents.has(document_no));
    held.chunks = found.reduce((sum, { chunks }) => sum + chunks, 0);
    const numbers = held.chunks * place.size;
    const bytes = numbers * BYTES;
    if (this.#isLarge(numbers) && this.#makeRoom(key, bytes)) {
      const thread = this.#threadNow();
      if (held.isLoaded && gone.length > 0) thread.drop(key, gone);
      held.bytes = bytes;
      await this.#load(key, held.isLoaded ? fresh : found);
      held.isLoaded = this.#held.get(key) === held;
    } else if (held.isLoaded) this.#unload(key, held);
    held.documents = now;
    held.revision = place.collection.revision;
  }

  async #load(key: string, documents: readonly DocumentSize[]): Promise<void> {
    for await (const page of pagesOf(this.#rows, documents))
      if (page.length > 0) this.#threadNow().add(key, blockOf(page));
  }

  /** Lets go of what was used longest ago; false where it would not be enough. */
  #makeRoom(key: string, bytes: number): boolean {
    if (bytes > this.#bounds.maxBytes) return false;
    const others = [...this.#held].filter(([other, { isLoaded }]) => other !== key && isLoaded);
    let used = others.reduce((sum, [, held]) => sum + held.bytes, 0);
    for (const [other, held] of others) {
      if (used + bytes <= this.#bounds.maxBytes) break;
      used -= held.bytes;
      this.#unload(other, held);
    }
    return true;
  }

  #isLarge(numbers: number): boolean {
    return numbers > (this.#bounds.scannedNumbers ?? SCANNED_NUMBERS);
  }

  #unload(key: string, held: Held): void {
    held.isLoaded = false;
    held.bytes = 0;
    this.#thread?.forget(key);
  }

  #forgetOldest(): void {
    for (const [key, held] of this.#held) {
      if (this.#held.size <= MAX_HELD) return;
      this.#unload(key, held);
      this.#held.delete(key);
    }
  }

  #forgetAll(): void {
    this.#held.clear();
    this.#thread = undefined;
  }

  #threadNow(): VectorThread {
    return (this.#thread ??= new VectorThread());
  }
}

const sizesOf = (documents: ReadonlyMap<number, number>): DocumentSize[] =>
  Array.from(documents, ([document_no, chunks]) => ({ document_no, chunks }));
