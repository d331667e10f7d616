import type { AccessFilter } from "../../domain/access-filter.ts";
import type { FileInfo, NewFile } from "../../domain/file.ts";
import type { PageOf } from "../../domain/page.ts";
import { accessCondition } from "../access-condition.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { Files } from "../file-ports.ts";
import { fromJson } from "../json-column.ts";
import type { FileRow } from "../schema.ts";
import { pageOf } from "./page-rows.ts";

const INFO = ["file_id", "content_type", "size", "metadata", "created_at"] as const;

type InfoRow = Omit<FileRow, "bytes" | "thread_id">;

const toInfo = ({ file_id, content_type, size, metadata, created_at }: InfoRow): FileInfo => ({
  file_id,
  content_type,
  size,
  metadata: fromJson(metadata),
  created_at,
});

export class KyselyFiles implements Files {
  readonly #commits: Commits;
  readonly #dialect: Dialect;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
  }

  create(file: NewFile, bytes: Uint8Array): Promise<void> {
    return this.#commits.write(() => insertFile(this.#dialect, file, bytes));
  }

  read(...[fileId, access]: Parameters<Files["read"]>): ReturnType<Files["read"]> {
    return this.#commits.read(() => this.#readCommit(fileId, access));
  }

  list(query: Parameters<Files["list"]>[0]): Promise<PageOf<FileInfo>> {
    return this.#commits.read(() => this.#listCommit(query));
  }

  delete(fileId: string, access?: AccessFilter): Promise<boolean> {
    return this.#commits.write(() => this.#deleteCommit(fileId, access));
  }

  sweep(before: number, limit: number): Promise<number> {
    return this.#commits.write(() => this.#sweepCommit(before, limit));
  }

  *#readCommit(
    fileId: string,
    access: AccessFilter | undefined,
  ): Commit<Awaited<ReturnType<Files["read"]>>> {
    const row = yield* first(
      this.#dialect.db
        .selectFrom("file")
        .selectAll()
        .where("file_id", "=", fileId)
        .$if(access !== undefined, (query) => query.where(this.#meets(access))),
    );
    return row && { file: toInfo(row), bytes: row.bytes };
  }

  *#listCommit(query: Parameters<Files["list"]>[0]): Commit<PageOf<FileInfo>> {
    const { access, limit, offset } = query;
    const { db } = this.#dialect;
    const found = yield* pageOf<InfoRow>(db, "file", {
      rows: db.selectFrom("file").select(INFO),
      conditions: access ? [this.#meets(access)] : [],
      key: "file_id",
      page: { limit, offset, sort_by: "created_at", sort_order: "desc" },
    });
    return { rows: found.rows.map(toInfo), total: found.total };
  }

  *#deleteCommit(fileId: string, access: AccessFilter | undefined): Commit<boolean> {
    const gone = yield* first(
      this.#dialect.db
        .deleteFrom("file")
        .where("file_id", "=", fileId)
        .$if(access !== undefined, (query) => query.where(this.#meets(access)))
        .returning("file_id"),
    );
    return gone !== undefined;
  }

  *#sweepCommit(before: number, limit: number): Commit<number> {
    const { db } = this.#dialect;
    const old = db
      .selectFrom("file")
      .select("file_id")
      .where("created_at", "<", before)
      .orderBy("created_at")
      .limit(limit);
    const gone = yield* all(db.deleteFrom("file").where("file_id", "in", old).returning("file_id"));
    return gone.length;
  }

  #meets(access: AccessFilter = { every: [] }) {
    return accessCondition(this.#dialect, access);
  }
}

/** Keeps a file inside a commit. */
export function insertFile(
  { db }: Dialect,
  { thread_id, ...file }: NewFile,
  bytes: Uint8Array,
): Commit<void> {
  const metadata = JSON.stringify(file.metadata);
  return run(
    db.insertInto("file").values({ ...file, thread_id: thread_id ?? null, metadata, bytes }),
  );
}
