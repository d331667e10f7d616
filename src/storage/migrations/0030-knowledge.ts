import { sql } from "kysely";
import type { Dialect } from "../driver.ts";
import type { Migration } from "./migration.ts";

const collectionTable = ({ db, types }: Dialect) => [
  db.schema
    .createTable("knowledge_collection")
    .addColumn("collection_no", types.rowNumber, (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("revision", types.integer, (column) => column.notNull())
    .addColumn("chunks", types.integer, (column) => column.notNull()),
  db.schema
    .createIndex("knowledge_collection_name")
    .on("knowledge_collection")
    .columns(["owner", "name"])
    .unique(),
];

const documentTable = ({ db, types }: Dialect) => [
  db.schema
    .createTable("knowledge_document")
    .addColumn("document_no", types.rowNumber, (column) => column.notNull())
    .addColumn("collection_no", types.integer, (column) => column.notNull())
    .addColumn("document_id", "text", (column) => column.notNull())
    .addColumn("source", "text", (column) => column.notNull())
    .addColumn("content_type", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("chunks", types.integer, (column) => column.notNull())
    .addColumn("model", "text", (column) => column.notNull())
    .addColumn("space", "text", (column) => column.notNull())
    .addColumn("metadata", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("updated_at", types.integer, (column) => column.notNull()),
  db.schema
    .createIndex("knowledge_document_ready")
    .on("knowledge_document")
    .columns(["collection_no", "document_id"])
    .unique()
    .where(sql`state = 'ready'` as never),
  db.schema
    .createIndex("knowledge_document_changed")
    .on("knowledge_document")
    .columns(["collection_no", "updated_at", "document_no"]),
  db.schema
    .createIndex("knowledge_document_waste")
    .on("knowledge_document")
    .columns(["state", "updated_at"])
    .where(sql`state <> 'ready'` as never),
];

const chunkTable = ({ db, types }: Dialect) => [
  db.schema
    .createTable("knowledge_chunk")
    .addColumn("chunk_no", types.rowNumber, (column) => column.notNull())
    .addColumn("document_no", types.integer, (column) => column.notNull())
    .addColumn("chunk", types.integer, (column) => column.notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .addColumn("vector", types.blob, (column) => column.notNull()),
  db.schema
    .createIndex("knowledge_chunk_place")
    .on("knowledge_chunk")
    .columns(["document_no", "chunk"])
    .unique(),
];

/** What an early version kept among the items of the store. */
const formerRows = ({ db }: Dialect) => {
  const isKnowledge = sql`owner like ${sql.lit("\u001fknowledge %")}`;
  const items = sql`select item_id from store_item where ${isKnowledge}`;
  const vectors = sql`delete from store_vector where item_id in (${items})`;
  const rows = sql`delete from store_item where ${isKnowledge}`;
  return [vectors, rows].map((statement) => ({ compile: () => statement.compile(db) }));
};

/** Documents that are searched: their chunks with a vector each, and the words of these. */
export const knowledge: Migration = {
  id: "0030-knowledge",
  statements: (dialect) => [
    ...collectionTable(dialect),
    ...documentTable(dialect),
    ...chunkTable(dialect),
    ...dialect.words.table("knowledge_words"),
    ...formerRows(dialect),
  ],
};
