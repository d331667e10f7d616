import type { JsonObject } from "../core/json.ts";
import { ABANDONED_MS } from "../domain/knowledge.ts";
import { type FieldCondition, meetsCondition } from "../domain/item-filter.ts";
import type {
  ChunkVector,
  CollectionAt,
  DocumentScope,
  DocumentSize,
  Draft,
  DraftAt,
  KeptDocument,
  KeptPassage,
  KnowledgeRows,
  NewChunk,
  NewKept,
} from "../storage/knowledge-port.ts";

/** A document as it was staged, with what has come to it since. */
interface Entry extends NewKept {
  document_no: number;
  isShown: boolean;
  updated_at: number;
  parts: (NewChunk & { chunk_no: number })[];
}

/** Documents of a plain script, as long as it runs. */
export class MemoryRows implements KnowledgeRows {
  #entries: Entry[] = [];
  readonly #collections: { owner: string; name: string; revision: number }[] = [];
  #last = 0;

  async stage(document: NewKept, now: number): Promise<number> {
    const { owner, collection: name } = document;
    if (this.#collectionNo(owner, name) === 0) this.#collections.push({ owner, name, revision: 0 });
    const document_no = ++this.#last;
    this.#entries.push({ ...document, document_no, isShown: false, updated_at: now, parts: [] });
    return document_no;
  }

  async resume(at: DraftAt, busy: readonly number[], now: number): Promise<Draft | undefined> {
    const entry = this.#entries.find(
      (it) => !it.isShown && isSame(it, at) && it.hash === at.hash && it.chunks === at.chunks,
    );
    if (entry === undefined || busy.includes(entry.document_no)) return undefined;
    const document_no = ++this.#last;
    Object.assign(entry, { document_no, updated_at: now });
    const { parts, space, model } = entry;
    return { document_no, done: parts.length, space, model };
  }

  async addChunks(documentNo: number, chunks: readonly NewChunk[]): Promise<boolean> {
    const entry = this.#entry(documentNo);
    for (const chunk of chunks) entry?.parts.push({ ...chunk, chunk_no: ++this.#last });
    return entry !== undefined;
  }

  async publish(documentNo: number, now: number): Promise<boolean> {
    const entry = this.#entry(documentNo);
    if (entry === undefined) return false;
    const isOld = (it: Entry) => it.isShown && isSame(it, entry);
    this.#entries = this.#entries.filter((it) => !isOld(it));
    Object.assign(entry, { isShown: true, updated_at: now });
    this.#revise(entry);
    return true;
  }

  async setMetadata(documentNo: number, metadata: JsonObject, now: number): Promise<void> {
    Object.assign(this.#entry(documentNo) ?? {}, { metadata, updated_at: now });
  }

  async discard(documentNo: number): Promise<void> {
    const entry = this.#entry(documentNo);
    this.#entries = this.#entries.filter((it) => it !== entry);
    if (entry !== undefined) this.#revise(entry);
  }

  async discardAll(owner: string, collection: string): Promise<boolean> {
    const all = this.#entries.filter((it) => it.owner === owner && it.collection === collection);
    for (const { document_no } of all) await this.discard(document_no);
    return all.some(({ isShown }) => isShown);
  }

  async clear(now: number): Promise<boolean> {
    const isWaste = (it: Entry) => !it.isShown && it.updated_at < now - ABANDONED_MS;
    const kept = this.#entries.filter((it) => !isWaste(it));
    const hadWaste = kept.length < this.#entries.length;
    this.#entries = kept;
    return hadWaste;
  }

  async document(
    owner: string,
    address: { collection: string; document_id: string },
  ): Promise<KeptDocument | undefined> {
    const shown = this.#shown(this.#collectionNo(owner, address.collection));
    const found = shown.find(({ document_id }) => document_id === address.document_id);
    return found && toDocument(found);
  }

  async collections(owner: string): Promise<string[]> {
    const own = this.#entries.filter((it) => it.isShown && it.owner === owner);
    return [...new Set(own.map(({ collection }) => collection))].toSorted();
  }

  async documents(
    { collection_no, conditions }: DocumentScope,
    { limit, offset }: { limit: number; offset: number },
  ): Promise<KeptDocument[]> {
    return this.#shown(collection_no, conditions)
      .toSorted((a, b) => b.updated_at - a.updated_at || b.document_no - a.document_no)
      .slice(offset, offset + limit)
      .map(toDocument);
  }

  async collection(owner: string, name: string): Promise<CollectionAt | undefined> {
    const collection_no = this.#collectionNo(owner, name);
    const known = this.#collections[collection_no - 1];
    if (known === undefined) return undefined;
    const chunks = this.#shown(collection_no).reduce((sum, { parts }) => sum + parts.length, 0);
    return { collection_no, revision: known.revision, chunks };
  }

  async sizes(
    { collection_no, conditions, space }: DocumentScope & { space: string },
    { after, limit }: { after: number; limit: number },
  ): Promise<DocumentSize[]> {
    return this.#shown(collection_no, conditions)
      .filter((it) => it.space === space && it.document_no > after)
      .toSorted((a, b) => a.document_no - b.document_no)
      .slice(0, limit)
      .map(({ document_no, parts }) => ({ document_no, chunks: parts.length }));
  }

  async withWord(
    collectionNo: number,
    { text, isStart }: { text: string; isStart: boolean },
    limit: number,
  ): Promise<number[]> {
    const wanted = isStart ? ` ${text}` : ` ${text} `;
    return this.#shown(collectionNo)
      .flatMap(({ parts }) => parts)
      .filter(({ words }) => `${words} `.includes(wanted))
      .slice(0, limit)
      .map(({ chunk_no }) => chunk_no);
  }

  async vectors({
    documents,
    from,
    to,
  }: Parameters<KnowledgeRows["vectors"]>[0]): Promise<ChunkVector[]> {
    const wanted = new Set(documents);
    return this.#entries
      .filter(({ document_no }) => wanted.has(document_no))
      .flatMap(({ document_no, parts }) =>
        parts.slice(from, to).map(({ chunk_no, vector }) => ({ chunk_no, document_no, vector })),
      );
  }

  async passages(
    chunks: readonly number[],
    conditions: readonly FieldCondition[],
  ): Promise<KeptPassage[]> {
    const wanted = new Set(chunks);
    return this.#entries
      .filter((it) => it.isShown && meets(it, conditions))
      .flatMap(({ parts, document_id, source, metadata }) =>
        parts
          .filter(({ chunk_no }) => wanted.has(chunk_no))
          .map(({ value, chunk_no }) => ({ ...value, chunk_no, document_id, source, metadata })),
      );
  }

  #entry(documentNo: number): Entry | undefined {
    return this.#entries.find(({ document_no }) => document_no === documentNo);
  }

  /** Its place in the list, from 1; 0 where it is not there. */
  #collectionNo(owner: string, name: string): number {
    return this.#collections.findIndex((it) => it.owner === owner && it.name === name) + 1;
  }

  #shown(collectionNo: number, conditions: readonly FieldCondition[] = []): Entry[] {
    const place = this.#collections[collectionNo - 1];
    return this.#entries.filter(
      (it) =>
        it.isShown &&
        it.owner === place?.owner &&
        it.collection === place.name &&
        meets(it, conditions),
    );
  }

  #revise({ owner, collection }: Entry): void {
    const known = this.#collections[this.#collectionNo(owner, collection) - 1];
    if (known !== undefined) known.revision += 1;
  }
}

type Named = Pick<NewKept, "owner" | "collection" | "document_id">;

const isSame = (a: Named, b: Named): boolean =>
  a.owner === b.owner && a.collection === b.collection && a.document_id === b.document_id;

const meets = ({ metadata }: Entry, conditions: readonly FieldCondition[]): boolean =>
  conditions.every((condition) => meetsCondition(metadata, condition));

function toDocument(entry: Entry): KeptDocument {
  const { isShown: _, parts: _parts, updated_at: _at, ...rest } = entry;
  const { owner: _owner, collection: _name, space: _space, ...document } = rest;
  return document;
}
