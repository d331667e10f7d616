import { sql } from "kysely";
import { all, first, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { ABANDONED_MS } from "../../domain/knowledge.ts";
import type { KnowledgeParts } from "./knowledge-drafts.ts";
import type { KnowledgeReader } from "./knowledge-reader.ts";
import { GONE } from "./knowledge-rows.ts";
import type { KnowledgeSight } from "./knowledge-sight.ts";

/** What one commit clears away: a few milliseconds of work. */
const CLEARED_DOCUMENTS = 50;
const CLEARED_CHUNKS = 100;

/** What is taken out of sight and later cleared away, as parts of commits. */
export class KnowledgeWaste {
  readonly #dialect: Dialect;
  readonly #reader: KnowledgeReader;
  readonly #sight: KnowledgeSight;

  constructor({ dialect, reader, sight }: KnowledgeParts) {
    this.#dialect = dialect;
    this.#reader = reader;
    this.#sight = sight;
  }

  *discard(documentNo: number, now: number): Commit<void> {
    const { db } = this.#dialect;
    const document = yield* first(
      db
        .selectFrom("knowledge_document")
        .select(["collection_no", "document_id", "state"])
        .where("document_no", "=", documentNo),
    );
    if (document === undefined) return;
    const { collection_no, document_id, state } = document;
    if (state === "ready") {
      yield* this.#sight.count(collection_no, 0);
      yield* this.#sight.hide(collection_no, { documentId: document_id, now });
    }
    yield* this.#sight.giveUp(documentNo, now);
  }

  /** A collection without an owner is out of everybody's sight, with all of its documents. */
  *discardAll(owner: string, collection: string): Commit<boolean> {
    const known = yield* this.#reader.collection(owner, collection);
    if (known === undefined) return false;
    const { collection_no, chunks } = known;
    const gone = yield* all(
      this.#dialect.db
        .updateTable("knowledge_collection")
        .set((it) => ({
          owner: GONE,
          name: String(collection_no),
          revision: it("revision", "+", 1),
        }))
        .where("collection_no", "=", collection_no)
        .where("owner", "=", owner)
        .returning("chunks"),
    );
    return gone.length > 0 && chunks > 0;
  }

  *clear(now: number): Commit<boolean> {
    const { db, skipLocked } = this.#dialect;
    const waste = yield* all(
      db
        .selectFrom("knowledge_document")
        .select("document_no")
        .where("state", "<>", sql.lit("ready"))
        .where((it) => it.or([it("state", "=", "gone"), it("updated_at", "<", now - ABANDONED_MS)]))
        .limit(CLEARED_DOCUMENTS)
        .modifyEnd(skipLocked),
    );
    if (waste.length === 0) return yield* this.#clearCollection(now);
    const documents = waste.map(({ document_no }) => document_no);
    const chunks = yield* all(
      db
        .selectFrom("knowledge_chunk")
        .select("chunk_no")
        .where("document_no", "in", documents)
        .limit(CLEARED_CHUNKS),
    );
    const numbers = chunks.map(({ chunk_no }) => chunk_no);
    if (numbers.length > 0) {
      yield* run(db.deleteFrom("knowledge_words").where("rowid", "in", numbers));
      yield* run(db.deleteFrom("knowledge_chunk").where("chunk_no", "in", numbers));
    }
    if (numbers.length < CLEARED_CHUNKS)
      yield* run(db.deleteFrom("knowledge_document").where("document_no", "in", documents));
    return true;
  }

  /** Of a collection that is gone, some documents more, or when there are none the collection. */
  *#clearCollection(now: number): Commit<boolean> {
    const { db, skipLocked } = this.#dialect;
    const gone = yield* first(
      db
        .selectFrom("knowledge_collection")
        .select("collection_no")
        .where("owner", "=", GONE)
        .limit(1)
        .modifyEnd(skipLocked),
    );
    if (gone === undefined) return false;
    const { collection_no } = gone;
    const some = yield* all(
      db
        .selectFrom("knowledge_document")
        .select("document_no")
        .where("collection_no", "=", collection_no)
        .limit(CLEARED_DOCUMENTS),
    );
    const documents = some.map(({ document_no }) => document_no);
    if (documents.length === 0)
      yield* run(db.deleteFrom("knowledge_collection").where("collection_no", "=", collection_no));
    else
      yield* run(
        db
          .updateTable("knowledge_document")
          .set({ state: "gone", updated_at: now })
          .where("document_no", "in", documents),
      );
    return true;
  }
}
