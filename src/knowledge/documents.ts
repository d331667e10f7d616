import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../core/clock.ts";
import type { JsonObject } from "../core/json.ts";
import type { KnowledgeDocument } from "../domain/knowledge.ts";
import type { KeptDocument, KnowledgeRows } from "../storage/knowledge-port.ts";
import { Drafts } from "./drafts.ts";
import type { Embed, Ingested, Knowledge, NewDocument } from "./port.ts";

type Address = Parameters<Knowledge["deleteDocument"]>[1];

/** Keeps and deletes documents; what is deleted is out of sight at once, and cleared away later. */
export class Documents {
  readonly #rows: KnowledgeRows;
  readonly #clock: Clock;
  readonly #drafts: Drafts;

  constructor(rows: KnowledgeRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
    this.#drafts = new Drafts(rows, clock);
  }

  async ingest(owner: string, document: NewDocument, embed: Embed): Promise<Ingested> {
    const { collection, source, content_type, hash, metadata = {} } = document;
    const document_id = digest(source);
    const known = await this.#rows.document(owner, { collection, document_id });
    if (known?.hash === hash && document.force !== true) return this.#described(known, metadata);
    const chunks = await document.read();
    const about = { document_id, source, content_type, hash, metadata, chunks: chunks.length };
    const { onProgress } = document;
    const whole = { owner, collection, ...about };
    const model = await this.#drafts.write({ about: whole, chunks, embed, onProgress });
    return { ...about, model, status: known === undefined ? "created" : "updated" };
  }

  collections(owner: string): Promise<string[]> {
    return this.#rows.collections(owner);
  }

  async list(
    owner: string,
    { collection, ...page }: { collection: string; limit: number; offset: number },
  ): Promise<KnowledgeDocument[]> {
    const known = await this.#rows.collection(owner, collection);
    if (known === undefined) return [];
    const found = await this.#rows.documents({ ...known, conditions: [] }, page);
    return found.map(described);
  }

  async delete(owner: string, address: Address): Promise<boolean> {
    const known = await this.#rows.document(owner, address);
    if (known === undefined) return false;
    await this.#rows.discard(known.document_no, this.#now());
    return true;
  }

  deleteCollection(owner: string, collection: string): Promise<boolean> {
    return this.#rows.discardAll(owner, collection);
  }

  #now(): number {
    return this.#clock.now();
  }

  /** What has not changed is left, but for what is said of it. */
  async #described(known: KeptDocument, metadata: JsonObject): Promise<Ingested> {
    const isSame = isDeepStrictEqual(known.metadata, metadata);
    if (isSame) return { ...described(known), status: "unchanged" };
    await this.#rows.setMetadata(known.document_no, metadata, this.#now());
    return { ...described(known), metadata, status: "updated" };
  }
}

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 32);

const described = ({ document_no: _, ...document }: KeptDocument): KnowledgeDocument => document;
