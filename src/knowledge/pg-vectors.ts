import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { PGVectorStore } from "@langchain/community/vectorstores/pgvector";
import { z } from "zod";
import { AppError, reasonOf } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { KnowledgeRows } from "../storage/knowledge-port.ts";
import type { NearestChunks, VectorSearch } from "./port.ts";
import { documentsIn, pagesOf } from "./scan.ts";
import { type Scored, TopScores } from "./top-scores.ts";

const TABLE = "knowledge_pgvector";
const CONNECTIONS = 4;
/** Documents that one statement names. */
const NAMED = 1000;
/** Processes that bring the table up to date take turns by this number. */
const LOCK = 7_202_611_202;
/** What Postgres answers where pgvector is not installed, or may not be made by this user. */
const NO_EXTENSION: ReadonlySet<unknown> = new Set(["0A000", "42501", "58P01", "42704"]);

/** A document's rows go with it; those of a collection are found by its place. */
const SCHEMA = [
  "create extension if not exists vector",
  `create table if not exists ${TABLE} (
    id uuid primary key default gen_random_uuid(),
    text text not null,
    metadata jsonb not null,
    embedding vector not null,
    document_no bigint generated always as ((metadata->>'document')::bigint) stored
      references knowledge_document (document_no) on delete cascade)`,
  `create index if not exists ${TABLE}_place on ${TABLE} ((metadata->>'place'))`,
  `create index if not exists ${TABLE}_document on ${TABLE} (document_no)`,
];

interface Options {
  databaseUrl: string;
  log: Log;
}

/**
 * Search by pgvector, through LangChain's store of it. Its table is made of the documents: what has
 * come or gone is brought in before a search. Where there is no pgvector, another index answers.
 */
export class PgVectors implements NearestChunks {
  readonly #rows: KnowledgeRows;
  readonly #options: Options;
  readonly #otherwise: NearestChunks;
  /** The revision at which each collection and space is in the table. */
  readonly #revisions = new Map<string, number>();
  #store: Promise<PGVectorStore | undefined> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(rows: KnowledgeRows, options: Options, otherwise: NearestChunks) {
    this.#rows = rows;
    this.#options = options;
    this.#otherwise = otherwise;
  }

  async nearest(search: VectorSearch): Promise<Scored[]> {
    try {
      return await this.#nearest(search);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError("unavailable", `pgvector cannot be asked: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  async #nearest(search: VectorSearch): Promise<Scored[]> {
    const store = await this.#opened();
    if (store === undefined) return await this.#otherwise.nearest(search);
    // One after the other, so that a busy moment takes no more connections than there are.
    const isCurrent = this.#last.catch(() => undefined).then(() => this.#bring(store, search));
    this.#last = isCurrent;
    await isCurrent;
    return await this.#search(store, search);
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    const store = await this.#store?.catch(() => undefined);
    await store?.pool.end();
    await this.#otherwise.close();
  }

  async #search(store: PGVectorStore, search: VectorSearch): Promise<Scored[]> {
    const { conditions, vector, count } = search;
    const place = placeOf(search);
    if (conditions.length === 0) return await nearestIn(store, { place }, { vector, count });
    const documents = (await documentsIn(this.#rows, search, conditions)).map(nameOf);
    const best = new TopScores(count);
    for (let at = 0; at < documents.length; at += NAMED) {
      const filter = { place, document: { in: documents.slice(at, at + NAMED) } };
      for (const { chunk_no, score } of await nearestIn(store, filter, { vector, count }))
        best.add(chunk_no, score);
    }
    return best.list();
  }

  /** Makes the rows of a collection those of its documents, unless they are already. */
  async #bring(store: PGVectorStore, search: VectorSearch): Promise<void> {
    const place = placeOf(search);
    const { revision } = search.collection;
    if ((this.#revisions.get(place) ?? -1) >= revision) return;
    const client = await store.pool.connect();
    try {
      await client.query("select pg_advisory_lock($1)", [LOCK]);
      try {
        await this.#replace(store, { place, search });
      } finally {
        await client.query("select pg_advisory_unlock($1)", [LOCK]);
      }
    } finally {
      client.release();
    }
    this.#revisions.set(place, revision);
  }

  async #replace(
    store: PGVectorStore,
    { place, search }: { place: string; search: VectorSearch },
  ): Promise<void> {
    const documents = await documentsIn(this.#rows, search, []);
    const wanted = new Map(documents.map((it) => [nameOf(it), it.chunks]));
    const { rows } = await store.pool.query<{ document: string; chunks: number }>(
      `select metadata->>'document' as document, count(*)::int as chunks from ${TABLE}
        where metadata->>'place' = $1 group by 1`,
      [place],
    );
    // One that was broken off in the middle has too few.
    const whole = rows.filter(({ document, chunks }) => wanted.get(document) === chunks);
    const kept = new Set(whole.map(({ document }) => document));
    const gone = rows.map(({ document }) => document).filter((document) => !kept.has(document));
    for (let at = 0; at < gone.length; at += NAMED)
      await store.delete({ filter: { place, document: { in: gone.slice(at, at + NAMED) } } });
    const fresh = documents.filter((it) => !kept.has(nameOf(it)));
    for await (const page of pagesOf(this.#rows, fresh))
      await store.addVectors(
        page.map(({ vector }) => [...vector]),
        page.map((it) => ({
          pageContent: "",
          metadata: { place, document: nameOf(it), chunk: it.chunk_no },
        })),
      );
  }

  /** Undefined where pgvector is not there; another failure is tried again at the next search. */
  #opened(): Promise<PGVectorStore | undefined> {
    this.#store ??= this.#open().catch((error: unknown) => {
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }

  async #open(): Promise<PGVectorStore | undefined> {
    const { databaseUrl: connectionString, log } = this.#options;
    const { PGVectorStore: Store } = await import("@langchain/community/vectorstores/pgvector");
    const store = new Store(NO_EMBEDDINGS, {
      postgresConnectionOptions: { connectionString, max: CONNECTIONS },
      tableName: TABLE,
    });
    // The pool makes another connection when one is needed.
    store.pool.on("error", (error) => log.warn({ err: error }, "lost an idle connection"));
    try {
      for (const statement of SCHEMA) await store.pool.query(statement);
      return store;
    } catch (error) {
      await store.pool.end();
      if (!NO_EXTENSION.has(codeOf(error))) throw error;
      log.info(`Vectors are searched without pgvector: ${reasonOf(error)}`);
      return undefined;
    }
  }
}

/** The store is given vectors, and never asked to make them. */
const NO_EMBEDDINGS: EmbeddingsInterface = {
  embedDocuments: () => Promise.reject(new Error("vectors are given")),
  embedQuery: () => Promise.reject(new Error("vectors are given")),
};

const placeOf = ({ collection, space }: VectorSearch): string =>
  `${collection.collection_no} ${space}`;

const nameOf = ({ document_no }: { document_no: number }): string => String(document_no);

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;

const found = z.object({ chunk: z.int() });

/** The rows that a filter leaves, the nearest first. */
async function nearestIn(
  store: PGVectorStore,
  filter: Record<string, string | { in: string[] }>,
  { vector, count }: { vector: Float32Array; count: number },
): Promise<Scored[]> {
  const rows = await store.similaritySearchVectorWithScore([...vector], count, filter);
  return rows.map(([{ metadata }, distance]) => ({
    chunk_no: found.parse(metadata).chunk,
    score: 1 - distance,
  }));
}
