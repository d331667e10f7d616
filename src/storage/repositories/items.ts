import { sql, type Expression, type SqlBool } from "kysely";
import { newId } from "../../core/ids.ts";
import type { ItemAddress } from "../../domain/item.ts";
import type { Fence } from "../../domain/run.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type {
  Candidate,
  ItemRows,
  ItemScan,
  ItemScope,
  ItemWrite,
  StoredItem,
} from "../items-port.ts";
import { fenceGuard } from "./fence.ts";
import {
  fromBytes,
  fromLabels,
  isAlive,
  isBelow,
  ITEM_COLUMNS,
  toBytes,
  toItem,
  toLabels,
} from "./item-rows.ts";

type NamespaceQuery = Parameters<ItemRows["namespaces"]>[0];

interface Write extends ItemWrite {
  owner: string;
  now: number;
}

export class KyselyItems implements ItemRows {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #guard: (fence: Fence) => Commit<string>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
    this.#guard = fenceGuard(dialect);
  }

  find(owner: string, address: ItemAddress, now: number): Promise<StoredItem | undefined> {
    return this.#commits.read(() => this.#findCommit(owner, address, now));
  }

  write(...[owner, writes, { now, fence }]: Parameters<ItemRows["write"]>): Promise<void> {
    // In one order, so that two commits never wait for each other.
    const sorted = writes
      .map((write) => ({ ...write, owner, now }))
      .toSorted((a, b) => (addressText(a) < addressText(b) ? -1 : 1));
    return this.#commits.write(() => this.#writeCommit(sorted, fence));
  }

  list(scope: ItemScope, page: { limit: number; offset: number }): Promise<StoredItem[]> {
    return this.#commits.read(() => this.#listCommit(scope, page));
  }

  withTerms(scan: ItemScan, terms: readonly string[]): Promise<Candidate<string>[]> {
    return this.#commits.read(() => this.#withTermsCommit(scan, terms));
  }

  withVectors(scan: ItemScan, space: string): Promise<Candidate<Float32Array>[]> {
    return this.#commits.read(() => this.#withVectorsCommit(scan, space));
  }

  byIds(itemIds: readonly string[], now: number): Promise<StoredItem[]> {
    return this.#commits.read(() => this.#byIdsCommit(itemIds, now));
  }

  touch(itemIds: readonly string[], now: number): Promise<void> {
    return this.#commits.write(() => this.#touchCommit(itemIds, now));
  }

  namespaces(query: NamespaceQuery): Promise<string[][]> {
    return this.#commits.read(() => this.#namespacesCommit(query));
  }

  sweep(now: number, limit: number): Promise<number> {
    return this.#commits.write(() => this.#sweepCommit(now, limit));
  }

  *#findCommit(
    ...[owner, address, now]: Parameters<ItemRows["find"]>
  ): Commit<StoredItem | undefined> {
    const row = yield* first(
      this.#dialect.db
        .selectFrom("store_item")
        .select(ITEM_COLUMNS)
        .where("owner", "=", owner)
        .where("namespace", "=", fromLabels(address.namespace))
        .where("key", "=", address.key)
        .where(isAlive(now)),
    );
    return row && toItem(row);
  }

  *#writeCommit(writes: readonly Write[], fence: Fence | undefined): Commit<void> {
    if (fence !== undefined) yield* this.#guard(fence);
    for (const write of writes) {
      const { value } = write;
      if (value === null) yield* this.#delete(write);
      else yield* this.#put(write, value);
    }
  }

  *#put(write: Write, value: string): Commit<void> {
    const { db } = this.#dialect;
    const { owner, namespace, key, terms, ttl_ms, vectors, now } = write;
    const changes = {
      value,
      terms,
      ttl_ms,
      updated_at: now,
      expires_at: ttl_ms === null ? null : now + ttl_ms,
    };
    const place = { owner, namespace: fromLabels(namespace), key };
    const row = yield* first(
      db
        .insertInto("store_item")
        .values({ item_id: newId(), ...place, ...changes, created_at: now })
        .onConflict((conflict) =>
          conflict.columns(["owner", "namespace", "key"]).doUpdateSet({
            ...changes,
            // What has expired is not there any more, though its row may be.
            created_at: sql`case when store_item.expires_at <= ${now} then ${now} else store_item.created_at end`,
          }),
        )
        .returning("item_id"),
    );
    if (row === undefined) return;
    yield* run(db.deleteFrom("store_vector").where("item_id", "=", row.item_id));
    if (vectors === null) return;
    const { space, values } = vectors;
    yield* run(
      db
        .insertInto("store_vector")
        .values({ item_id: row.item_id, space, vectors: toBytes(values) }),
    );
  }

  *#delete({ owner, namespace, key }: Write): Commit<void> {
    const { db } = this.#dialect;
    const gone = yield* all(
      db
        .deleteFrom("store_item")
        .where("owner", "=", owner)
        .where("namespace", "=", fromLabels(namespace))
        .where("key", "=", key)
        .returning("item_id"),
    );
    yield* this.#deleteVectors(gone);
  }

  *#deleteVectors(items: readonly { item_id: string }[]): Commit<void> {
    if (items.length === 0) return;
    const ids = items.map(({ item_id }) => item_id);
    yield* run(this.#dialect.db.deleteFrom("store_vector").where("item_id", "in", ids));
  }

  *#listCommit(...[scope, page]: Parameters<ItemRows["list"]>): Commit<StoredItem[]> {
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("store_item")
        .select(ITEM_COLUMNS)
        .where(this.#isIn(scope))
        .orderBy("updated_at", "desc")
        .orderBy("item_id", "desc")
        .limit(page.limit)
        .offset(page.offset),
    );
    return rows.map(toItem);
  }

  *#withTermsCommit(scan: ItemScan, terms: readonly string[]): Commit<Candidate<string>[]> {
    // A word has no sign that means something in a pattern.
    const hits = terms.map((term) => sql<SqlBool>`terms like ${`% ${term}%`}`);
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("store_item")
        .select(["item_id", "namespace", "key", "updated_at", "terms"])
        .where(this.#isIn(scan))
        .where(isAfter(scan.after))
        .where(sql<SqlBool>`(${sql.join(hits, sql` or `)})`)
        .orderBy("namespace")
        .orderBy("key")
        .limit(scan.limit),
    );
    return rows.map(({ terms: feature, namespace, ...row }) => ({
      ...row,
      namespace: toLabels(namespace),
      feature: feature ?? "",
    }));
  }

  *#withVectorsCommit(scan: ItemScan, space: string): Commit<Candidate<Float32Array>[]> {
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("store_item")
        .innerJoin("store_vector", "store_vector.item_id", "store_item.item_id")
        .select(["store_item.item_id", "namespace", "key", "updated_at", "vectors"])
        .where(this.#isIn(scan))
        .where(isAfter(scan.after))
        .where("space", "=", space)
        .orderBy("namespace")
        .orderBy("key")
        .limit(scan.limit),
    );
    return rows.map(({ vectors, namespace, ...row }) => ({
      ...row,
      namespace: toLabels(namespace),
      feature: fromBytes(vectors),
    }));
  }

  *#byIdsCommit(itemIds: readonly string[], now: number): Commit<StoredItem[]> {
    if (itemIds.length === 0) return [];
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("store_item")
        .select(ITEM_COLUMNS)
        .where("item_id", "in", itemIds)
        .where(isAlive(now)),
    );
    return rows.map(toItem);
  }

  *#touchCommit(itemIds: readonly string[], now: number): Commit<void> {
    if (itemIds.length === 0) return;
    yield* run(
      this.#dialect.db
        .updateTable("store_item")
        .set({ expires_at: sql`${now} + ttl_ms` })
        .where("item_id", "in", itemIds)
        .where("ttl_ms", "is not", null)
        .where(isAlive(now)),
    );
  }

  *#namespacesCommit({ owner, prefix, after, limit, now }: NamespaceQuery): Commit<string[][]> {
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("store_item")
        .select("namespace")
        .distinct()
        .where("owner", "=", owner)
        .where(isBelow(prefix))
        .where("namespace", ">", fromLabels(after))
        .where(isAlive(now))
        .orderBy("namespace")
        .limit(limit),
    );
    return rows.map(({ namespace }) => toLabels(namespace));
  }

  *#sweepCommit(now: number, limit: number): Commit<number> {
    const { db, skipLocked } = this.#dialect;
    const old = yield* all(
      db
        .selectFrom("store_item")
        .select("item_id")
        .where("expires_at", "<=", now)
        .orderBy("expires_at")
        .limit(limit)
        .modifyEnd(skipLocked),
    );
    if (old.length === 0) return 0;
    const ids = old.map(({ item_id }) => item_id);
    yield* run(db.deleteFrom("store_item").where("item_id", "in", ids));
    yield* this.#deleteVectors(old);
    return old.length;
  }

  #isIn({ owner, prefix, conditions, now }: ItemScope): Expression<SqlBool> {
    const parts = [
      sql<SqlBool>`owner = ${owner}`,
      isBelow(prefix),
      isAlive(now),
      ...conditions.map((condition) => this.#dialect.jsonMeets("value", condition)),
    ];
    return sql<SqlBool>`(${sql.join(parts, sql` and `)})`;
  }
}

const addressText = ({ namespace, key }: ItemAddress): string => `${fromLabels(namespace)} ${key}`;

const isAfter = (address: ItemAddress | undefined): Expression<SqlBool> =>
  address === undefined
    ? sql<SqlBool>`1 = 1`
    : sql<SqlBool>`(namespace, key) > (${fromLabels(address.namespace)}, ${address.key})`;
