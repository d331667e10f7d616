import { sql } from "kysely";
import { all, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { GONE } from "./knowledge-rows.ts";

/** What is shown of collections, as parts of commits. */
export class KnowledgeSight {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /**
   * A new revision, with so many chunks more; false where the collection is gone. Whoever comes here
   * first goes first.
   */
  *count(collectionNo: number, chunks: number): Commit<boolean> {
    const counted = yield* all(
      this.#dialect.db
        .updateTable("knowledge_collection")
        .set((it) => ({ revision: it("revision", "+", 1), chunks: it("chunks", "+", chunks) }))
        .where("collection_no", "=", collectionNo)
        .where("owner", "<>", GONE)
        .returning("collection_no"),
    );
    return counted.length > 0;
  }

  /** Takes what is shown of a document out of sight. */
  *hide(
    collectionNo: number,
    { documentId, now }: { documentId: string; now: number },
  ): Commit<void> {
    const gone = yield* all(
      this.#dialect.db
        .updateTable("knowledge_document")
        .set({ state: "gone", updated_at: now })
        .where("collection_no", "=", collectionNo)
        .where("document_id", "=", documentId)
        .where("state", "=", sql.lit("ready"))
        .returning("chunks"),
    );
    const chunks = gone.reduce((sum, document) => sum + document.chunks, 0);
    if (chunks > 0) yield* this.count(collectionNo, -chunks);
  }

  /** Gives up a document that is being written. */
  giveUp(documentNo: number, now: number): Commit<void> {
    return run(
      this.#dialect.db
        .updateTable("knowledge_document")
        .set({ state: "gone", updated_at: now })
        .where("document_no", "=", documentNo)
        .where("state", "=", sql.lit("staged")),
    );
  }
}
