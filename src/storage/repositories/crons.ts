import { sql, type Expression, type SqlBool } from "kysely";
import type { Cron, CronChange, CronFilter, CronSort } from "../../domain/cron.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import type { Crons } from "../background-ports.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type { CronRow } from "../schema.ts";
import { pageOf } from "./page-rows.ts";

const toCron = (row: CronRow): Cron => ({
  ...row,
  enabled: row.enabled === 1,
  payload: fromJson(row.payload),
  metadata: fromJson(row.metadata),
});

const fromCron = (cron: Cron): CronRow => ({
  cron_id: cron.cron_id,
  assistant_id: cron.assistant_id,
  thread_id: cron.thread_id,
  schedule: cron.schedule,
  timezone: cron.timezone,
  end_time: cron.end_time,
  enabled: cron.enabled ? 1 : 0,
  on_run_completed: cron.on_run_completed,
  payload: JSON.stringify(cron.payload),
  metadata: JSON.stringify(cron.metadata),
  next_run_at: cron.next_run_at,
  created_at: cron.created_at,
  updated_at: cron.updated_at,
});

// A literal, as the partial index on due crons has it.
const isEnabled = sql<SqlBool>`enabled = 1`;

export class KyselyCrons implements Crons {
  readonly #commits: Commits;
  readonly #dialect: Dialect;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
  }

  create(cron: Cron): Promise<void> {
    return this.#commits.write(() =>
      run(this.#dialect.db.insertInto("cron").values(fromCron(cron))),
    );
  }

  find(cronId: string): Promise<Cron | undefined> {
    return this.#commits.read(() => this.#findCommit(cronId));
  }

  search(filter: CronFilter, page: Page<CronSort>): Promise<PageOf<Cron>> {
    return this.#commits.read(() => this.#searchCommit(filter, page));
  }

  patch(cronId: string, change: CronChange): Promise<Cron | undefined> {
    return this.#commits.write(() => this.#patchCommit(cronId, change));
  }

  delete(cronId: string): Promise<boolean> {
    return this.#commits.write(() => this.#deleteCommit(cronId));
  }

  due(now: number, limit: number): Promise<Cron[]> {
    return this.#commits.read(() => this.#dueCommit(now, limit));
  }

  advance(...[slot, next]: Parameters<Crons["advance"]>): Promise<boolean> {
    return this.#commits.write(() => this.#advanceCommit(slot, next));
  }

  *#findCommit(cronId: string): Commit<Cron | undefined> {
    const { db } = this.#dialect;
    const row = yield* first(db.selectFrom("cron").selectAll().where("cron_id", "=", cronId));
    return row && toCron(row);
  }

  *#searchCommit(filter: CronFilter, page: Page<CronSort>): Commit<PageOf<Cron>> {
    const { db, jsonContains } = this.#dialect;
    const { assistant_id, thread_id, enabled, metadata } = filter;
    const conditions: Expression<SqlBool>[] = [];
    if (assistant_id) conditions.push(sql<SqlBool>`assistant_id = ${assistant_id}`);
    if (thread_id) conditions.push(sql<SqlBool>`thread_id = ${thread_id}`);
    if (enabled !== undefined) conditions.push(sql<SqlBool>`enabled = ${enabled ? 1 : 0}`);
    if (metadata) conditions.push(jsonContains("metadata", metadata));
    const rows = db.selectFrom("cron").selectAll();
    const found = yield* pageOf<CronRow>(db, "cron", { rows, conditions, key: "cron_id", page });
    return { rows: found.rows.map(toCron), total: found.total };
  }

  *#patchCommit(cronId: string, change: CronChange): Commit<Cron | undefined> {
    const { db, lockRows } = this.#dialect;
    const row = yield* first(
      db.selectFrom("cron").selectAll().where("cron_id", "=", cronId).modifyEnd(lockRows),
    );
    if (row === undefined) return undefined;
    const cron = { ...toCron(row), ...change };
    yield* run(db.updateTable("cron").set(fromCron(cron)).where("cron_id", "=", cronId));
    return cron;
  }

  *#deleteCommit(cronId: string): Commit<boolean> {
    const { db } = this.#dialect;
    const gone = yield* first(
      db.deleteFrom("cron").where("cron_id", "=", cronId).returning("cron_id"),
    );
    return gone !== undefined;
  }

  *#dueCommit(now: number, limit: number): Commit<Cron[]> {
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("cron")
        .selectAll()
        .where(isEnabled)
        .where("next_run_at", "<=", now)
        .orderBy("next_run_at")
        .orderBy("cron_id")
        .limit(limit),
    );
    return rows.map(toCron);
  }

  *#advanceCommit(...[slot, next]: Parameters<Crons["advance"]>): Commit<boolean> {
    const moved = yield* first(
      this.#dialect.db
        .updateTable("cron")
        .set({ next_run_at: next.at, ...(next.enabled === false ? { enabled: 0 } : {}) })
        .where("cron_id", "=", slot.cron_id)
        .where("next_run_at", "=", slot.at)
        .returning("cron_id"),
    );
    return moved !== undefined;
  }
}
