import type { IdempotencyKeys, KeyReservation, KeyState } from "../background-ports.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";

type Times = Parameters<IdempotencyKeys["reserve"]>[1];
type Owner = Pick<KeyReservation, "actor" | "key">;

export class KyselyIdempotencyKeys implements IdempotencyKeys {
  readonly #commits: Commits;
  readonly #dialect: Dialect;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
  }

  reserve(reservation: KeyReservation, times: Times): Promise<KeyState> {
    return this.#commits.write(() => this.#reserveCommit(reservation, times));
  }

  complete({ actor, key }: Owner, resourceId: string): Promise<void> {
    return this.#commits.write(() =>
      run(
        this.#dialect.db
          .updateTable("idempotency_key")
          .set({ is_done: 1, resource_id: resourceId })
          .where("actor", "=", actor)
          .where("key", "=", key),
      ),
    );
  }

  release({ actor, key }: Owner): Promise<void> {
    return this.#commits.write(() =>
      run(
        this.#dialect.db
          .deleteFrom("idempotency_key")
          .where("actor", "=", actor)
          .where("key", "=", key)
          .where("is_done", "=", 0),
      ),
    );
  }

  breakOff({ actor, key }: Owner): Promise<void> {
    return this.#commits.write(() =>
      run(
        this.#dialect.db
          .updateTable("idempotency_key")
          .set({ reserved_until: 0 })
          .where("actor", "=", actor)
          .where("key", "=", key)
          .where("is_done", "=", 0),
      ),
    );
  }

  sweep(now: number, limit: number): Promise<number> {
    return this.#commits.write(() => this.#sweepCommit(now, limit));
  }

  *#reserveCommit(reservation: KeyReservation, times: Times): Commit<KeyState> {
    const { db, lockRows } = this.#dialect;
    const { actor, key, fingerprint, resource_id } = reservation;
    const row = { ...reservation, is_done: 0, ...timesOf(times) };
    const inserted = yield* first(
      db
        .insertInto("idempotency_key")
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
        .returning("key"),
    );
    if (inserted) return { state: "mine", resource_id, isRetake: false };
    const held = yield* first(
      db
        .selectFrom("idempotency_key")
        .selectAll()
        .where("actor", "=", actor)
        .where("key", "=", key)
        .modifyEnd(lockRows),
    );
    const isFree = held === undefined || held.expires_at <= times.now;
    const isBrokenOff =
      held?.is_done === 0 && held.reserved_until <= times.now && held.fingerprint === fingerprint;
    if (held && !isFree && !isBrokenOff) {
      const state = held.is_done === 1 ? "done" : "busy";
      return { state, resource_id: held.resource_id, fingerprint: held.fingerprint };
    }
    // What broke off may have created its resource after all, so its id stays.
    const taken = { ...row, ...(isBrokenOff ? { resource_id: held.resource_id } : {}) };
    yield* run(
      db
        .insertInto("idempotency_key")
        .values(taken)
        .onConflict((conflict) => conflict.columns(["actor", "key"]).doUpdateSet(taken)),
    );
    return { state: "mine", resource_id: taken.resource_id, isRetake: isBrokenOff };
  }

  *#sweepCommit(now: number, limit: number): Commit<number> {
    const { db } = this.#dialect;
    const old = yield* all(
      db
        .selectFrom("idempotency_key")
        .select(["actor", "key"])
        .where("expires_at", "<=", now)
        .limit(limit),
    );
    for (const { actor, key } of old) {
      yield* run(
        db
          .deleteFrom("idempotency_key")
          .where("actor", "=", actor)
          .where("key", "=", key)
          .where("expires_at", "<=", now),
      );
    }
    return old.length;
  }
}

const timesOf = ({ reserved_until, expires_at }: Times) => ({ reserved_until, expires_at });
