import { sql, type Expression, type SqlBool } from "kysely";
import { type AccessFilter, meets } from "../../domain/access-filter.ts";
import type { PageOf } from "../../domain/page.ts";
import { hasEnded, taskJson, type Task, type TaskFilter } from "../../domain/task.ts";
import { accessCondition } from "../access-condition.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { TaskRow } from "../task-schema.ts";
import type { TaskClaim, TaskEnd, TaskNote, Tasks } from "../task-port.ts";
import { jsonOrNull } from "../json-column.ts";
import { insertFile } from "./files.ts";
import { pageOf } from "./page-rows.ts";
import { newDelivery } from "./queue-webhook.ts";
import { fromTask, toTask } from "./task-rows.ts";

// A literal, as the partial index on due tasks has it.
const isOpen = sql<SqlBool>`status in ('pending', 'running')`;

type Args<Name extends keyof Tasks> = Parameters<Tasks[Name]>;

export class KyselyTasks implements Tasks {
  readonly #commits: Commits;
  readonly #dialect: Dialect;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
  }

  create(task: Task): Promise<void> {
    return this.#commits.write(() =>
      run(this.#dialect.db.insertInto("task").values(fromTask(task))),
    );
  }

  find(taskId: string, access?: AccessFilter): Promise<Task | undefined> {
    return this.#commits.read(() => this.#findCommit(taskId, access));
  }

  list(...[filter, slice]: Args<"list">): Promise<PageOf<Task>> {
    return this.#commits.read(() => this.#listCommit(filter, slice));
  }

  requestCancel(...args: Args<"requestCancel">): Promise<Task | undefined> {
    return this.#commits.write(() => this.#cancelCommit(...args));
  }

  delete(taskId: string, access?: AccessFilter): Promise<boolean | undefined> {
    return this.#commits.write(() => this.#deleteCommit(taskId, access));
  }

  async take(query: Args<"take">[0]): Promise<Task[]> {
    // Asked every second: a look costs no transaction.
    const due = await this.#commits.read(() => first(this.#due(query.now).limit(1)));
    return due ? this.#commits.write(() => this.#takeCommit(query)) : [];
  }

  async renew(...[claim, { now, leaseMs }]: Args<"renew">): ReturnType<Tasks["renew"]> {
    const row = await this.#commits.write(() =>
      first(
        this.#held(claim)
          .set({ lease_until: now + leaseMs })
          .returning("cancel_requested"),
      ),
    );
    return row && { cancel_requested: row.cancel_requested === 1 };
  }

  async note(...[claim, note, now]: Args<"note">): Promise<boolean> {
    const row = await this.#commits.write(() =>
      first(
        this.#held(claim)
          .set({ ...columnsOf(note), updated_at: now })
          .returning("task_id"),
      ),
    );
    return row !== undefined;
  }

  async release(...[claim, { next_at, ...note }, now]: Args<"release">): Promise<boolean> {
    const row = await this.#commits.write(() =>
      first(
        this.#held(claim)
          .set({
            ...columnsOf(note),
            next_at: sql<number>`case when cancel_requested = 1 then ${big(now)} else ${big(next_at)} end`,
            lease_until: 0,
            updated_at: now,
          })
          .returning("task_id"),
      ),
    );
    return row !== undefined;
  }

  finish(...args: Args<"finish">): Promise<boolean> {
    return this.#commits.write(() => this.#finishCommit(...args));
  }

  /** A task of a process, for as long as no other has taken it. */
  #held({ task_id, epoch }: TaskClaim) {
    return this.#dialect.db
      .updateTable("task")
      .where("task_id", "=", task_id)
      .where("epoch", "=", epoch)
      .where(isOpen);
  }

  #due(now: number) {
    return this.#dialect.db
      .selectFrom("task")
      .select("task_id")
      .where(isOpen)
      .where("next_at", "<=", now)
      .where("lease_until", "<=", now)
      .orderBy("next_at")
      .orderBy("task_id");
  }

  *#findCommit(taskId: string, access?: AccessFilter, end = sql``): Commit<Task | undefined> {
    const { db } = this.#dialect;
    const row = yield* first(
      db.selectFrom("task").selectAll().where("task_id", "=", taskId).modifyEnd(end),
    );
    const task = row && toTask(row);
    return task && meets(task.metadata, access) ? task : undefined;
  }

  *#listCommit(
    { kind, status, model, access }: TaskFilter,
    slice: { limit: number; offset: number },
  ): Commit<PageOf<Task>> {
    const conditions: Expression<SqlBool>[] = [];
    if (kind) conditions.push(sql<SqlBool>`kind = ${kind}`);
    if (status) conditions.push(sql<SqlBool>`status = ${status}`);
    if (model) conditions.push(sql<SqlBool>`model = ${model}`);
    if (access) conditions.push(accessCondition(this.#dialect, access));
    const { db } = this.#dialect;
    const found = yield* pageOf<TaskRow>(db, "task", {
      rows: db.selectFrom("task").selectAll(),
      conditions,
      key: "task_id",
      page: { ...slice, sort_by: "created_at", sort_order: "desc" },
    });
    return { rows: found.rows.map(toTask), total: found.total };
  }

  *#cancelCommit(...[taskId, now, access]: Args<"requestCancel">): Commit<Task | undefined> {
    const { db, lockRows } = this.#dialect;
    const task = yield* this.#findCommit(taskId, access, lockRows);
    if (task === undefined || hasEnded(task)) return task;
    const row = yield* first(
      db
        .updateTable("task")
        .set({ cancel_requested: 1, next_at: now, updated_at: now })
        .where("task_id", "=", taskId)
        .returningAll(),
    );
    return row && toTask(row);
  }

  *#deleteCommit(taskId: string, access?: AccessFilter): Commit<boolean | undefined> {
    const { db, lockRows } = this.#dialect;
    const task = yield* this.#findCommit(taskId, access, lockRows);
    if (task === undefined || !hasEnded(task)) return task && false;
    yield* run(db.deleteFrom("task").where("task_id", "=", taskId));
    return true;
  }

  *#takeCommit({ now, leaseMs, limit }: Args<"take">[0]): Commit<Task[]> {
    const { db, skipLocked } = this.#dialect;
    const due = yield* all(this.#due(now).limit(limit).modifyEnd(skipLocked));
    if (due.length === 0) return [];
    const rows = yield* all(
      db
        .updateTable("task")
        .set({ epoch: sql`epoch + 1`, lease_until: now + leaseMs })
        .where(
          "task_id",
          "in",
          due.map(({ task_id }) => task_id),
        )
        .where(isOpen)
        .where("lease_until", "<=", now) // repeated, so a loser of the race takes none
        .returningAll(),
    );
    return rows.map(toTask);
  }

  *#finishCommit(claim: TaskClaim, end: TaskEnd, now: number): Commit<boolean> {
    const { files, result, ...rest } = end;
    const row = yield* first(
      this.#held(claim)
        .set({
          ...rest,
          result: result && JSON.stringify(result),
          is_asking: 0,
          lease_until: 0,
          updated_at: now,
        })
        .returningAll(),
    );
    if (row === undefined) return false;
    for (const { file, bytes } of files) yield* insertFile(this.#dialect, file, bytes);
    yield* this.#tellWebhook(toTask(row), now);
    return true;
  }

  *#tellWebhook(task: Task, now: number): Commit<void> {
    const { task_id, webhook: url, metadata } = task;
    if (url === null) return;
    const about = {
      run_id: "",
      thread_id: "",
      checkpoint_id: null,
      task_id,
      url,
      // What decides on access is looked for where a run's is.
      run: JSON.stringify({ metadata }),
      body: JSON.stringify(taskJson(task)),
    };
    yield* run(this.#dialect.db.insertInto("webhook_delivery").values(newDelivery(about, now)));
  }
}

/** Postgres takes a parameter in such a place for a text. */
const big = (value: number) => sql<number>`cast(${value} as bigint)`;

const columnsOf = ({ is_asking, resubmitted, fallback, ...note }: TaskNote) => ({
  ...note,
  ...(fallback === undefined ? {} : { fallback: jsonOrNull(fallback) }),
  ...(is_asking === undefined ? {} : { is_asking: is_asking ? 1 : 0 }),
  ...(resubmitted === undefined ? {} : { resubmitted: resubmitted ? 1 : 0 }),
});
