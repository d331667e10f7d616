import { sql, type Expression, type SqlBool } from "kysely";
import type { Run } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { hasThread, isPending, isRunning, underFence } from "./run-conditions.ts";
import { toRun } from "./run-rows.ts";

// The offset keeps Postgres from making these a join, which on a table it knows nothing of yet compares
// every run with every other.
const threadIsFree = sql<SqlBool>`not exists (
  select 1 from run as other where other.thread_id = run.thread_id and other.status = 'running'
  limit 1 offset 0)`;

/**
 * On concurrent databases another process may have the older runs of a thread in hand. The sum keeps
 * Postgres from looking for them among all that wait, or all that the thread ever had.
 */
const isNextOfThread = sql<SqlBool>`not exists (
  select 1 from run as other where other.thread_id = run.thread_id and other.status = 'pending'
  and (other.created_at + 0, other.run_id) < (run.created_at, run.run_id) limit 1 offset 0)`;

/** A worker's claim on one or all of its runs; `now` counts where the database has no clock. */
export interface OwnerLease {
  owner: string;
  now: number;
  lease_ms: number;
}

/** Takes the oldest pending run whose thread is free, and marks its thread busy. */
function runClaimer({
  db,
  isConcurrent,
  now,
  skipLocked,
}: Dialect): (claim: OwnerLease) => Commit<Run | undefined> {
  const take = hot((p: OwnerLease) => {
    const oldest = db
      .selectFrom("run")
      .select("run_id")
      .where(isPending)
      .where("created_at", "<=", now(p.now))
      .where(threadIsFree)
      .$if(isConcurrent, (query) => query.where(isNextOfThread))
      .orderBy("created_at")
      .orderBy("run_id")
      .limit(sql.lit(1))
      .modifyEnd(skipLocked);
    return db
      .updateTable("run")
      .set({
        status: "running",
        owner: p.owner,
        lease_until: sql`${now(p.now)} + ${p.lease_ms}`,
        updated_at: p.now,
        claimed_at: now(p.now),
        epoch: sql`epoch + 1`,
      })
      .where("run_id", "=", oldest)
      .where(isPending) // repeated, so a loser of the race updates no row
      .returningAll();
  });
  const occupy = hot((p: { thread_id: string }) =>
    db
      .updateTable("thread")
      .set({ status: "busy" })
      .where("thread_id", "=", p.thread_id)
      .where("status", "<>", sql.lit("busy")),
  );
  return function* (claim) {
    const [row] = yield* take(claim);
    if (row === undefined) return undefined;
    yield* occupy({ thread_id: row.thread_id });
    return toRun(row);
  };
}

/** Extends the leases of all running runs of an owner. */
export const renewAllQuery =
  ({ db, now, skipUnguarded }: Dialect) =>
  ({ owner, now: given, lease_ms }: OwnerLease) => {
    // A run that another commit is changing is not reclaimed either: waiting for it would gain nothing.
    const running = db
      .selectFrom("run")
      .select("run_id")
      .where("owner", "=", owner)
      .where(isRunning)
      .orderBy("run_id")
      .modifyEnd(skipUnguarded);
    return db
      .updateTable("run")
      .set({ lease_until: sql`${now(given)} + ${lease_ms}` })
      .where("run_id", "in", running)
      .returning(["run_id", "epoch", "cancel"]);
  };

/**
 * Back in the queue. What the worker had of time counts to the end of its lease at most: beyond that
 * nothing worked on the run.
 */
export const handedBack = (now: Expression<number>) =>
  ({
    status: "pending",
    owner: null,
    lease_until: null,
    claimed_at: null,
    spent_ms: sql<number>`spent_ms + case
      when claimed_at is null or lease_until is null or lease_until < claimed_at then 0
      when lease_until < ${now} then lease_until - claimed_at
      when ${now} < claimed_at then 0
      else ${now} - claimed_at end`,
  }) as const;

/** Statements of a run's life with a worker. */
export function runLeases(dialect: Dialect) {
  const { db, now, lockRows, skipLocked } = dialect;
  const visible = (runId: string) =>
    db.selectFrom("run").selectAll().where("run_id", "=", runId).where(hasThread);
  return {
    claim: runClaimer(dialect),
    /** Whether any run waits whose time has come. */
    isDue: hot((p: { now: number }) =>
      db
        .selectFrom("run")
        .select("run_id")
        .where(isPending)
        .where("created_at", "<=", now(p.now))
        .limit(sql.lit(1)),
    ),
    find: hot((p: { run_id: string }) => visible(p.run_id)),
    findLocked: hot((p: { run_id: string }) => visible(p.run_id).modifyEnd(lockRows)),
    renewAll: hot(renewAllQuery(dialect)),
    reclaim: hot((p: { now: number }) => {
      const lapsed = db
        .selectFrom("run")
        .select("run_id")
        .where(isRunning)
        .where("lease_until", "<=", now(p.now))
        .orderBy("run_id")
        .modifyEnd(skipLocked);
      return db
        .updateTable("run")
        .set({ ...handedBack(now(p.now)), crashes: sql`crashes + 1`, updated_at: p.now })
        .where("run_id", "in", lapsed)
        .returningAll();
    }),
    release: hot((p: { run_id: string; epoch: number; now: number; crashes: number }) =>
      db
        .updateTable("run")
        .set({
          ...handedBack(now(p.now)),
          crashes: sql`crashes + ${p.crashes}`,
          updated_at: p.now,
        })
        .where("run_id", "in", underFence(dialect, p))
        .returning("run_id"),
    ),
  };
}
