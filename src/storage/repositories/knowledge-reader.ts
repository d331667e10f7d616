import { sql, type Expression, type SqlBool } from "kysely";
import type { FieldCondition } from "../../domain/item-filter.ts";
import type { KnowledgeChunk } from "../../domain/knowledge.ts";
import { all, first, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type {
  ChunkVector,
  CollectionAt,
  DocumentScope,
  DocumentSize,
  KeptDocument,
  KeptPassage,
  KnowledgeRows,
} from "../knowledge-port.ts";
import { fromBytes } from "./item-rows.ts";
import { collectionWord, DOCUMENT_COLUMNS, toDocument } from "./knowledge-rows.ts";

/** What is read of documents and chunks, as parts of commits. */
export class KnowledgeReader {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  *document(
    owner: string,
    address: { collection: string; document_id: string },
  ): Commit<KeptDocument | undefined> {
    const known = yield* this.collection(owner, address.collection);
    if (known === undefined) return undefined;
    const row = yield* first(
      this.#dialect.db
        .selectFrom("knowledge_document")
        .select(DOCUMENT_COLUMNS)
        .where("collection_no", "=", known.collection_no)
        .where("document_id", "=", address.document_id)
        .where("state", "=", sql.lit("ready")),
    );
    return row && toDocument(row);
  }

  *collections(owner: string): Commit<string[]> {
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("knowledge_collection")
        .select("name")
        .where("owner", "=", owner)
        .where("chunks", ">", 0)
        .orderBy("name"),
    );
    return rows.map(({ name }) => name);
  }

  *documents(
    scope: DocumentScope,
    page: { limit: number; offset: number },
  ): Commit<KeptDocument[]> {
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("knowledge_document")
        .select(DOCUMENT_COLUMNS)
        .where("collection_no", "=", scope.collection_no)
        .where("state", "=", sql.lit("ready"))
        .where(this.#meets(scope.conditions))
        .orderBy("updated_at", "desc")
        .orderBy("document_no", "desc")
        .limit(page.limit)
        .offset(page.offset),
    );
    return rows.map(toDocument);
  }

  *collection(owner: string, name: string): Commit<CollectionAt | undefined> {
    return yield* first(
      this.#dialect.db
        .selectFrom("knowledge_collection")
        .select(["collection_no", "revision", "chunks"])
        .where("owner", "=", owner)
        .where("name", "=", name),
    );
  }

  *sizes(...[scope, page]: Parameters<KnowledgeRows["sizes"]>): Commit<DocumentSize[]> {
    return yield* all(
      this.#dialect.db
        .selectFrom("knowledge_document")
        .select(["document_no", "chunks"])
        .where("collection_no", "=", scope.collection_no)
        .where("state", "=", sql.lit("ready"))
        .where("space", "=", scope.space)
        .where("document_no", ">", page.after)
        .where(this.#meets(scope.conditions))
        .orderBy("document_no")
        .limit(page.limit),
    );
  }

  *withWord(
    ...[collectionNo, word, limit]: Parameters<KnowledgeRows["withWord"]>
  ): Commit<number[]> {
    const { db, words } = this.#dialect;
    const wanted = [{ text: collectionWord(collectionNo), isStart: false }, word];
    const rows = yield* all(
      db
        .selectFrom("knowledge_words")
        .select("rowid")
        .where(words.match("knowledge_words", wanted))
        .limit(limit),
    );
    return rows.map(({ rowid }) => rowid);
  }

  *vectors({
    documents,
    from,
    to,
  }: Parameters<KnowledgeRows["vectors"]>[0]): Commit<ChunkVector[]> {
    if (documents.length === 0) return [];
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("knowledge_chunk")
        .select(["chunk_no", "document_no", "vector"])
        .where("document_no", "in", documents)
        .where("chunk", ">=", from)
        .where("chunk", "<", to),
    );
    return rows.map((row) => ({ ...row, vector: fromBytes(row.vector) }));
  }

  *passages(
    chunks: readonly number[],
    conditions: readonly FieldCondition[],
  ): Commit<KeptPassage[]> {
    if (chunks.length === 0) return [];
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("knowledge_chunk")
        .innerJoin(
          "knowledge_document",
          "knowledge_document.document_no",
          "knowledge_chunk.document_no",
        )
        .select(["chunk_no", "value", "document_id", "source", "metadata"])
        .where("chunk_no", "in", chunks)
        .where("state", "=", sql.lit("ready"))
        .where(this.#meets(conditions)),
    );
    return rows.map(({ value, metadata, ...row }) => ({
      ...fromJson<KnowledgeChunk>(value),
      ...row,
      metadata: fromJson(metadata),
    }));
  }

  #meets(conditions: readonly FieldCondition[]): Expression<SqlBool> {
    const parts = conditions.map((condition) => this.#dialect.jsonMeets("metadata", condition));
    return parts.length === 0
      ? sql<SqlBool>`1 = 1`
      : sql<SqlBool>`(${sql.join(parts, sql` and `)})`;
  }
}
