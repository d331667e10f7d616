import { sql } from "kysely";
import type { Dialect } from "../driver.ts";
import type { Migration } from "./migration.ts";

const itemTable = ({ db, types }: Dialect) => [
  db.schema
    .createTable("store_item")
    .addColumn("item_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("namespace", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("value", "text", (column) => column.notNull())
    .addColumn("created_at", types.integer, (column) => column.notNull())
    .addColumn("updated_at", types.integer, (column) => column.notNull())
    .addColumn("ttl_ms", types.integer)
    .addColumn("expires_at", types.integer)
    .addColumn("terms", "text"),
  db.schema
    .createIndex("store_item_address")
    .on("store_item")
    .columns(["owner", "namespace", "key"])
    .unique(),
  db.schema
    .createIndex("store_item_changed")
    .on("store_item")
    .columns(["owner", "updated_at", "item_id"]),
  db.schema
    .createIndex("store_item_expired")
    .on("store_item")
    .column("expires_at")
    .where(sql.ref("expires_at"), "is not", sql.lit(null)),
];

const vectorTable = ({ db, types }: Dialect) => [
  db.schema
    .createTable("store_vector")
    .addColumn("item_id", "text", (column) => column.primaryKey().notNull())
    .addColumn("space", "text", (column) => column.notNull())
    .addColumn("vectors", types.blob, (column) => column.notNull()),
];

/** What graphs and clients keep beyond threads, and what it is found by. */
export const store: Migration = {
  id: "0012-store",
  statements: (dialect) => [...itemTable(dialect), ...vectorTable(dialect)],
};
