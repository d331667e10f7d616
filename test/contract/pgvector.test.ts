import { PGlite } from "@electric-sql/pglite";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createLog } from "../../src/core/log.ts";
import { PgVectors } from "../../src/knowledge/pg-vectors.ts";
import { MemoryVectors } from "../../src/knowledge/vectors.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { describeWithPostgres, freshDatabase } from "../support/postgres.ts";
import { Base, type Home, knowledgeContract } from "./knowledge.contract.ts";

const log = createLog("silent");

/** Postgres is started with pgvector inside this process, and reached over a socket. */
let database: PGlite;
let server: PGLiteSocketServer;
let databaseUrl = "";
let storage: Storage;

const nothing = {
  nearest: () => Promise.reject(new Error("pgvector is there")),
  close: () => Promise.resolve(),
};
const inPgVector: Home = (rows) => new PgVectors(rows, { databaseUrl, log }, nothing);

describe("search by pgvector", { timeout: 120_000 }, () => {
  beforeAll(async () => {
    database = await PGlite.create({ extensions: { vector } });
    server = new PGLiteSocketServer({ db: database, port: 0, maxConnections: 20 });
    await server.start();
    databaseUrl = `postgres://postgres@${server.getServerConn()}/postgres`;
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await database.close();
  });
  beforeEach(async () => {
    storage = await openStorage({ databaseUrl, maxConnections: 2 });
    await database.exec("truncate knowledge_collection, knowledge_words, knowledge_chunk");
    await database.exec("truncate knowledge_document cascade");
  });
  afterEach(() => storage.close());

  knowledgeContract(() => storage.knowledge, { "in pgvector": inPgVector });

  it("has no row of a document that is gone", async () => {
    await using base = new Base(storage.knowledge, inPgVector);
    const { document_id } = await base.put("one", "a");
    const count = async () => {
      const { rows } = await database.query("select document_no from knowledge_pgvector");
      return rows.length;
    };
    await base.find("a", { weights: { vector: 1, keyword: 0 } });
    expect(await count()).toBe(1);
    await base.base.deleteDocument("", { collection: "shop", document_id });
    expect(await storage.knowledge.clear(100_000_000)).toBe(true);
    expect(await count()).toBe(0);
  });
});

describeWithPostgres("search on a Postgres without pgvector", () => {
  it("compares vectors one by one", async () => {
    await using empty = await freshDatabase();
    const on = await openStorage({ databaseUrl: empty.url, maxConnections: 2 });
    const memory = new MemoryVectors(on.knowledge, { maxBytes: 0 });
    const vectors = new PgVectors(on.knowledge, { databaseUrl: empty.url, log }, memory);
    const collection = { collection_no: 1, revision: 1, chunks: 0 };
    const search = { collection, space: "s 2", conditions: [], vector: Float32Array.of(1, 0) };
    expect(await vectors.nearest({ ...search, count: 1 })).toEqual([]);
    await vectors.close();
    await on.close();
  });
});
