import { sql, type Expression, type SqlBool } from "kysely";
import { ConflictError, NotFoundError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import { type AccessFilter, keepOwnership, meets } from "../../domain/access-filter.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import type {
  RestStatus,
  Thread,
  ThreadFilter,
  ThreadInterrupts,
  ThreadSort,
} from "../../domain/thread.ts";
import { accessCondition } from "../access-condition.ts";
import { first, hot, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type { Threads } from "../ports.ts";
import type { ThreadRow } from "../schema.ts";
import { countRows, pageOf } from "./page-rows.ts";
import { copyState } from "./copy-thread.ts";
import { remnantClearer } from "./removals.ts";
import { threadRemover } from "./remove-run.ts";
import { isActive } from "./run-conditions.ts";
import { fromThread, threadInserter, toThread, ttlColumns } from "./thread-rows.ts";

interface Settlement {
  rest_status: RestStatus;
  interrupts: ThreadInterrupts;
  metadata: JsonObject;
  now: number;
}

type Patch = Parameters<Threads["patch"]>[1];

export class KyselyThreads implements Threads {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #insert: (row: ThreadRow) => Commit<unknown>;
  readonly #select: (p: { thread_id: string }) => Commit<ThreadRow[]>;
  readonly #remove: (threadId: string) => Commit<boolean>;
  readonly #clearRemnants: (threadId: string) => Commit<void>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
    this.#insert = threadInserter(dialect);
    this.#remove = threadRemover(dialect);
    this.#clearRemnants = remnantClearer(dialect);
    this.#select = hot((p) =>
      dialect.db.selectFrom("thread").selectAll().where("thread_id", "=", p.thread_id),
    );
  }

  async create(thread: Thread): Promise<void> {
    await this.#commits.write(() => this.#createCommit(thread));
  }

  find(threadId: string, access?: AccessFilter): Promise<Thread | undefined> {
    return this.#commits.read(this.#findCommit(threadId, access));
  }

  search(filter: ThreadFilter, page: Page<ThreadSort>): Promise<PageOf<Thread>> {
    return this.#commits.read(this.#searchCommit(filter, page));
  }

  count(filter: ThreadFilter): Promise<number> {
    const { db } = this.#dialect;
    return this.#commits.read(countRows(db, "thread", this.#conditions(filter)));
  }

  copy(
    fromThreadId: string,
    thread: Thread,
    { isTemporary = false }: { isTemporary?: boolean } = {},
  ): Promise<boolean> {
    return this.#commits.write(() => this.#copyCommit(fromThreadId, thread, isTemporary));
  }

  patch(threadId: string, change: Patch): Promise<Thread | undefined> {
    return this.#commits.write(() => this.#patchCommit(threadId, change));
  }

  settle(threadId: string, change: Settlement): Promise<void> {
    return this.#commits.write(() => this.#settleCommit(threadId, change));
  }

  delete(threadId: string, access?: AccessFilter): Promise<boolean> {
    return this.#commits.write(() => this.#deleteCommit(threadId, access));
  }

  *#createCommit(thread: Thread, isTemporary = false): Commit<void> {
    yield* this.#clearRemnants(thread.thread_id);
    yield* this.#insert(fromThread(thread, isTemporary));
  }

  *#findCommit(thread_id: string, access?: AccessFilter): Commit<Thread | undefined> {
    const [row] = yield* this.#select({ thread_id });
    const thread = row && toThread(row);
    return thread && meets(thread.metadata, access) ? thread : undefined;
  }

  *#deleteCommit(threadId: string, access?: AccessFilter): Commit<boolean> {
    if (access && !(yield* this.#findCommit(threadId, access))) return false;
    return yield* this.#remove(threadId);
  }

  /** The metadata with a change merged in; the row is held until the commit where rows can be. */
  *#mergedMetadata(
    threadId: string,
    change: JsonObject,
    access?: AccessFilter,
  ): Commit<string | undefined> {
    const { db, lockRows } = this.#dialect;
    const found = yield* first(
      db
        .selectFrom("thread")
        .select("metadata")
        .where("thread_id", "=", threadId)
        .modifyEnd(lockRows),
    );
    const metadata = found && fromJson<JsonObject>(found.metadata);
    if (metadata === undefined || !meets(metadata, access)) return undefined;
    return JSON.stringify({ ...metadata, ...keepOwnership(change, { metadata, access }) });
  }

  *#patchCommit(threadId: string, change: Patch): Commit<Thread | undefined> {
    const metadata = yield* this.#mergedMetadata(threadId, change.metadata, change.access);
    if (metadata === undefined) return undefined;
    const row = yield* first(
      this.#dialect.db
        .updateTable("thread")
        .set({ metadata, updated_at: change.now, ...(change.ttl && ttlColumns(change.ttl)) })
        .where("thread_id", "=", threadId)
        .returningAll(),
    );
    return row && toThread(row);
  }

  *#settleCommit(
    threadId: string,
    { rest_status, interrupts, metadata: change, now }: Settlement,
  ): Commit<void> {
    const { db } = this.#dialect;
    const metadata = yield* this.#mergedMetadata(threadId, change);
    if (metadata === undefined) throw new NotFoundError("Thread", threadId);
    const active = yield* first(
      db.selectFrom("run").select("run_id").where("thread_id", "=", threadId).where(isActive),
    );
    if (active) {
      throw new ConflictError(`Thread ${threadId} has a run that is pending or running`);
    }
    yield* run(
      db
        .updateTable("thread")
        .set({
          status: rest_status,
          rest_status,
          interrupts: JSON.stringify(interrupts),
          error: null,
          metadata,
          updated_at: now,
          state_updated_at: now,
        })
        .where("thread_id", "=", threadId),
    );
  }

  #conditions(filter: ThreadFilter): Expression<SqlBool>[] {
    const { jsonContains } = this.#dialect;
    const { status, metadata, values, ids, access } = filter;
    // The thread of a stateless run is not a conversation of the client's.
    const conditions: Expression<SqlBool>[] = [sql<SqlBool>`is_temporary = 0`];
    if (status) conditions.push(sql<SqlBool>`status = ${status}`);
    if (metadata) conditions.push(jsonContains("metadata", metadata));
    if (values) conditions.push(this.#hasValues(values));
    if (access) conditions.push(accessCondition(this.#dialect, access));
    if (ids)
      conditions.push(
        ids.length === 0 ? sql<SqlBool>`1 = 0` : sql<SqlBool>`thread_id in (${sql.join(ids)})`,
      );
    return conditions;
  }

  /** A checkpoint keeps a short plain value as its JSON after the sign `=`. */
  #hasValues(values: NonNullable<ThreadFilter["values"]>): Expression<SqlBool> {
    const packed = Object.entries(values).map(([name, value]) => [
      name,
      `=${JSON.stringify(value)}`,
    ]);
    const contains = this.#dialect.jsonContains("channel_values", Object.fromEntries(packed));
    return sql<SqlBool>`exists (select 1 from checkpoint
      where checkpoint.thread_id = thread.thread_id and checkpoint_ns = '' and checkpoint_id = (
        select max(checkpoint_id) from checkpoint as newest
        where newest.thread_id = thread.thread_id and newest.checkpoint_ns = '')
      and ${contains})`;
  }

  *#searchCommit(filter: ThreadFilter, page: Page<ThreadSort>): Commit<PageOf<Thread>> {
    const { db } = this.#dialect;
    const found = yield* pageOf<ThreadRow>(db, "thread", {
      rows: db.selectFrom("thread").selectAll(),
      conditions: this.#conditions(filter),
      key: "thread_id",
      page,
    });
    return { rows: found.rows.map(toThread), total: found.total };
  }

  *#copyCommit(from: string, thread: Thread, isTemporary: boolean): Commit<boolean> {
    yield* this.#createCommit(thread, isTemporary);
    if (yield* copyState(this.#dialect, { from, to: thread.thread_id })) return true;
    yield* this.#remove(thread.thread_id);
    return false;
  }
}
