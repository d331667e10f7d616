import { sql } from "kysely";
import { all, first, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { Draft, DraftAt, NewChunk, NewKept } from "../knowledge-port.ts";
import type { KnowledgeReader } from "./knowledge-reader.ts";
import { toBytes } from "./item-rows.ts";
import { collectionWord } from "./knowledge-rows.ts";
import type { KnowledgeSight } from "./knowledge-sight.ts";

/** What those work with that write knowledge in parts of commits. */
export interface KnowledgeParts {
  dialect: Dialect;
  reader: KnowledgeReader;
  sight: KnowledgeSight;
}

/** Documents while they are written, as parts of commits: nobody sees them before they are published. */
export class KnowledgeDrafts {
  readonly #dialect: Dialect;
  readonly #reader: KnowledgeReader;
  readonly #sight: KnowledgeSight;

  constructor({ dialect, reader, sight }: KnowledgeParts) {
    this.#dialect = dialect;
    this.#reader = reader;
    this.#sight = sight;
  }

  *stage({ owner, collection, ...document }: NewKept, now: number): Commit<number> {
    const { db } = this.#dialect;
    yield* run(
      db
        .insertInto("knowledge_collection")
        .values({ owner, name: collection, revision: 0, chunks: 0 })
        .onConflict((conflict) => conflict.columns(["owner", "name"]).doNothing()),
    );
    const known = yield* this.#reader.collection(owner, collection);
    const row = yield* first(
      db
        .insertInto("knowledge_document")
        .values({
          ...document,
          collection_no: known?.collection_no ?? 0,
          metadata: JSON.stringify(document.metadata),
          state: "staged",
          updated_at: now,
        })
        .returning("document_no"),
    );
    return row?.document_no ?? 0;
  }

  *resume(at: DraftAt, busy: readonly number[], now: number): Commit<Draft | undefined> {
    const { db, lockRows } = this.#dialect;
    const known = yield* this.#reader.collection(at.owner, at.collection);
    if (known === undefined) return undefined;
    const old = yield* first(
      db
        .selectFrom("knowledge_document")
        .selectAll()
        .where("collection_no", "=", known.collection_no)
        .where("document_id", "=", at.document_id)
        .where("state", "=", sql.lit("staged"))
        .where("hash", "=", at.hash)
        .where("chunks", "=", at.chunks)
        .$if(busy.length > 0, (it) => it.where("document_no", "not in", busy))
        .orderBy("document_no", "desc")
        .limit(1)
        .modifyEnd(lockRows),
    );
    if (old === undefined) return undefined;
    const { document_no, ...document } = old;
    const row = yield* first(
      db
        .insertInto("knowledge_document")
        .values({ ...document, updated_at: now })
        .returning("document_no"),
    );
    const fresh = row?.document_no ?? 0;
    const moved = yield* all(
      db
        .updateTable("knowledge_chunk")
        .set({ document_no: fresh })
        .where("document_no", "=", document_no)
        .returning("chunk_no"),
    );
    yield* this.#sight.giveUp(document_no, now);
    const { space, model } = old;
    return { document_no: fresh, done: moved.length, space, model };
  }

  *addChunks(documentNo: number, chunks: readonly NewChunk[], now: number): Commit<boolean> {
    const { db, words: dialectWords } = this.#dialect;
    const document = yield* first(
      db
        .updateTable("knowledge_document")
        .set({ updated_at: now })
        .where("document_no", "=", documentNo)
        .where("state", "=", sql.lit("staged"))
        .returning("collection_no"),
    );
    if (document === undefined) return false;
    const whole = collectionWord(document.collection_no);
    for (const { value, words, vector } of chunks) {
      const { chunk } = value;
      const kept = { document_no: documentNo, chunk, value: JSON.stringify(value) };
      const row = yield* first(
        db
          .insertInto("knowledge_chunk")
          .values({ ...kept, vector: toBytes(vector) })
          .returning("chunk_no"),
      );
      yield* run(
        db
          .insertInto("knowledge_words")
          .values({ rowid: row?.chunk_no ?? 0, words: dialectWords.value(`${whole}${words}`) }),
      );
    }
    return true;
  }

  *publish(documentNo: number, now: number): Commit<boolean> {
    const { db, lockRows } = this.#dialect;
    const document = yield* first(
      db
        .selectFrom("knowledge_document")
        .select(["collection_no", "document_id", "chunks"])
        .where("document_no", "=", documentNo)
        .where("state", "=", sql.lit("staged"))
        .modifyEnd(lockRows),
    );
    if (document === undefined) return false;
    const { collection_no, document_id, chunks } = document;
    // Those of one collection take turns here.
    if (!(yield* this.#sight.count(collection_no, chunks))) return false;
    yield* this.#sight.hide(collection_no, { documentId: document_id, now });
    yield* run(
      db
        .updateTable("knowledge_document")
        .set({ state: "ready", updated_at: now })
        .where("document_no", "=", documentNo),
    );
    return true;
  }
}
