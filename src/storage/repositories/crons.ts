import { sql, type Expression, type SqlBool } from "kysely";
import { type AccessFilter, keepOwnership, meets } from "../../domain/access-filter.ts";
import type { Cron, CronChange, CronFilter, CronSort } from "../../domain/cron.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import type { Crons } from "../background-ports.ts";
import { accessCondition } from "../access-condition.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson, fromJsonOrNull, jsonOrNull } from "../json-column.ts";
import type { CronRow } from "../schema.ts";
import { pageOf } from "./page-rows.ts";

const toCron = (row: CronRow): Cron => ({
  ...row,
  enabled: row.enabled === 1,
  payload: fromJson(row.payload),
  metadata: fromJson(row.metadata),
  created_by: fromJsonOrNull(row.created_by),
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
  created_by: jsonOrNull(cron.created_by),
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

  find(cronId: string, access?: AccessFilter): Promise<Cron | undefined> {
    return this.#commits.read(() => this.#findCommit(cronId, access));
  }

  search(filter: CronFilter, page: Page<CronSort>): Promise<PageOf<Cron>> {
    return this.#commits.read(() => this.#searchCommit(filter, page));
  }

  patch(...[id, change, access]: Parameters<Crons["patch"]>): Promise<Cron | undefined> {
    return this.#commits.write(() => this.#patchCommit(id, change, access));
  }

  delete(cronId: string, access?: AccessFilter): Promise<boolean> {
    return this.#commits.write(() => this.#deleteCommit(cronId, access));
  }

  due(now: number, limit: number): Promise<Cron[]> {
    return this.#commits.read(() => this.#dueCommit(now, limit));
  }

  advance(...[slot, next]: Parameters<Crons["advance"]>): Promise<boolean> {
    return this.#commits.write(() => this.#advanceCommit(slot, next));
  }

  *#findCommit(cronId: string, access?: AccessFilter, end = sql``): Commit<Cron | undefined> {
    const { db } = this.#dialect;
    const row = yield* first(
      db.selectFrom("cron").selectAll().where("cron_id", "=", cronId).modifyEnd(end),
    );
    const cron = row && toCron(row);
    return cron && meets(cron.metadata, access) ? cron : undefined;
  }

  *#searchCommit(filter: CronFilter, page: Page<CronSort>): Commit<PageOf<Cron>> {
    const { db, jsonContains } = this.#dialect;
    const { assistant_id, thread_id, enabled, metadata, access } = filter;
    const conditions: Expression<SqlBool>[] = [];
    if (assistant_id) conditions.push(sql<SqlBool>`assistant_id = ${assistant_id}`);
    if (thread_id) conditions.push(sql<SqlBool>`thread_id = ${thread_id}`);
    if (enabled !== undefined) conditions.push(sql<SqlBool>`enabled = ${enabled ? 1 : 0}`);
    if (metadata) conditions.push(jsonContains("metadata", metadata));
    if (access) conditions.push(accessCondition(this.#dialect, access));
    const rows = db.selectFrom("cron").selectAll();
    const found = yield* pageOf<CronRow>(db, "cron", { rows, conditions, key: "cron_id", page });
    return { rows: found.rows.map(toCron), total: found.total };
  }

  *#patchCommit(
    cronId: string,
    change: CronChange,
    access?: AccessFilter,
  ): Commit<Cron | undefined> {
    const { db, lockRows } = this.#dialect;
    const before = yield* this.#findCommit(cronId, access, lockRows);
    if (before === undefined) return undefined;
    const metadata = change.metadata
      ? keepOwnership(change.metadata, { metadata: before.metadata, access })
      : before.metadata;
    const cron = { ...before, ...change, metadata };
    yield* run(db.updateTable("cron").set(fromCron(cron)).where("cron_id", "=", cronId));
    return cron;
  }

  *#deleteCommit(cronId: string, access?: AccessFilter): Commit<boolean> {
    if (access && !(yield* this.#findCommit(cronId, access))) return false;
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
