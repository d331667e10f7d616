import { sql, type Expression, type SqlBool } from "kysely";
import type { JsonObject } from "../../core/json.ts";
import { type AccessFilter, filterUnder, meets } from "../../domain/access-filter.ts";
import type { PageOf } from "../../domain/page.ts";
import type { Run } from "../../domain/run.ts";
import type { DeliveryStatus, WebhookDelivery } from "../../domain/webhook.ts";
import type { Webhooks } from "../background-ports.ts";
import { accessCondition } from "../access-condition.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson, fromJsonOrNull } from "../json-column.ts";
import type { WebhookDeliveryRow } from "../schema.ts";
import { pageOf } from "./page-rows.ts";

const toDelivery = (row: WebhookDeliveryRow): WebhookDelivery => ({
  ...row,
  run: row.task_id === null ? fromJson(row.run) : null,
  body: fromJsonOrNull(row.body),
});

const isPending = sql<SqlBool>`status = 'pending'`;

type Query<Name extends keyof Webhooks> = Parameters<Webhooks[Name]>[0];

export class KyselyWebhooks implements Webhooks {
  readonly #commits: Commits;
  readonly #dialect: Dialect;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
  }

  find(deliveryId: string, access?: AccessFilter): Promise<WebhookDelivery | undefined> {
    return this.#commits.read(() => this.#findCommit(deliveryId, access));
  }

  list(query: Query<"list">): Promise<PageOf<WebhookDelivery>> {
    return this.#commits.read(() => this.#listCommit(query));
  }

  async take(query: Query<"take">): Promise<WebhookDelivery[]> {
    // Asked every second: a look costs no transaction.
    const due = await this.#commits.read(() => first(this.#due(query.now).limit(1)));
    return due ? this.#commits.write(() => this.#takeCommit(query)) : [];
  }

  keepBody(deliveryId: string, body: JsonObject): Promise<void> {
    return this.#commits.write(() =>
      run(
        this.#dialect.db
          .updateTable("webhook_delivery")
          .set({ body: JSON.stringify(body) })
          .where("delivery_id", "=", deliveryId),
      ),
    );
  }

  settle(...[attempt, { now, ...result }]: Parameters<Webhooks["settle"]>): Promise<void> {
    return this.#commits.write(() =>
      run(
        this.#dialect.db
          .updateTable("webhook_delivery")
          .set({ ...result, updated_at: now })
          .where("delivery_id", "=", attempt.delivery_id)
          .where("attempts", "=", attempt.attempts)
          .where(isPending),
      ),
    );
  }

  replay(deliveryId: string, now: number): Promise<WebhookDelivery | undefined> {
    return this.#commits.write(() => this.#replayCommit(deliveryId, now));
  }

  sweep(query: Query<"sweep">): Promise<number> {
    return this.#commits.write(() => this.#sweepCommit(query));
  }

  #due(now: number) {
    return this.#dialect.db
      .selectFrom("webhook_delivery")
      .select("delivery_id")
      .where(isPending)
      .where("next_attempt_at", "<=", now)
      .orderBy("next_attempt_at")
      .orderBy("delivery_id");
  }

  *#findCommit(deliveryId: string, access?: AccessFilter): Commit<WebhookDelivery | undefined> {
    const { db } = this.#dialect;
    const row = yield* first(
      db.selectFrom("webhook_delivery").selectAll().where("delivery_id", "=", deliveryId),
    );
    if (row === undefined) return undefined;
    const { metadata } = fromJson<Pick<Run, "metadata">>(row.run);
    return meets(metadata, access) ? toDelivery(row) : undefined;
  }

  *#listCommit(query: Query<"list">): Commit<PageOf<WebhookDelivery>> {
    const { status, access, limit, offset } = query;
    const { db } = this.#dialect;
    const conditions: Expression<SqlBool>[] = status ? [sql<SqlBool>`status = ${status}`] : [];
    if (access)
      conditions.push(accessCondition(this.#dialect, filterUnder("metadata", access), "run"));
    const found = yield* pageOf<WebhookDeliveryRow>(db, "webhook_delivery", {
      rows: db.selectFrom("webhook_delivery").selectAll(),
      conditions,
      key: "delivery_id",
      page: { limit, offset, sort_by: "updated_at", sort_order: "desc" },
    });
    return { rows: found.rows.map(toDelivery), total: found.total };
  }

  *#takeCommit({ now, leaseMs, limit }: Query<"take">): Commit<WebhookDelivery[]> {
    const { db, skipLocked } = this.#dialect;
    const due = yield* all(this.#due(now).limit(limit).modifyEnd(skipLocked));
    if (due.length === 0) return [];
    const rows = yield* all(
      db
        .updateTable("webhook_delivery")
        .set({ attempts: sql`attempts + 1`, next_attempt_at: now + leaseMs })
        .where(
          "delivery_id",
          "in",
          due.map(({ delivery_id }) => delivery_id),
        )
        .where(isPending)
        .returningAll(),
    );
    return rows.map(toDelivery);
  }

  *#replayCommit(deliveryId: string, now: number): Commit<WebhookDelivery | undefined> {
    const row = yield* first(
      this.#dialect.db
        .updateTable("webhook_delivery")
        .set({ status: "pending", attempts: 0, next_attempt_at: now, updated_at: now })
        .where("delivery_id", "=", deliveryId)
        .where("status", "<>", "pending")
        .returningAll(),
    );
    return row && toDelivery(row);
  }

  *#sweepCommit(query: { status: DeliveryStatus; before: number; limit: number }): Commit<number> {
    const { db } = this.#dialect;
    const old = db
      .selectFrom("webhook_delivery")
      .select("delivery_id")
      .where("status", "=", query.status)
      .where("updated_at", "<", query.before)
      .limit(query.limit);
    const gone = yield* all(
      db.deleteFrom("webhook_delivery").where("delivery_id", "in", old).returning("delivery_id"),
    );
    return gone.length;
  }
}
