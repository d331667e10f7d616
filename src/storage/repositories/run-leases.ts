import { sql, type SqlBool } from "kysely";
import type { Run } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { isPending, isRunning } from "./run-conditions.ts";
import { toRun } from "./run-rows.ts";

const threadIsFree = sql<SqlBool>`not exists (
  select 1 from run as other where other.thread_id = run.thread_id and other.status = 'running')`;

interface Claim {
  owner: string;
  now: number;
  lease_until: number;
}

/** Takes the oldest pending run whose thread is free, and marks its thread busy. */
function runClaimer({ db, skipLocked }: Dialect): (claim: Claim) => Commit<Run | undefined> {
  const take = hot((p: Claim) => {
    const oldest = db
      .selectFrom("run")
      .select("run_id")
      .where(isPending)
      .where("created_at", "<=", p.now)
      .where(threadIsFree)
      .orderBy("created_at")
      .orderBy("run_id")
      .limit(sql.lit(1))
      .modifyEnd(skipLocked);
    return db
      .updateTable("run")
      .set({
        status: "running",
        owner: p.owner,
        lease_until: p.lease_until,
        updated_at: p.now,
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

/** Statements of a run's life with a worker. */
export function runLeases(dialect: Dialect) {
  const { db } = dialect;
  return {
    claim: runClaimer(dialect),
    find: hot((p: { run_id: string }) =>
      db.selectFrom("run").selectAll().where("run_id", "=", p.run_id),
    ),
    renew: hot((p: { run_id: string; epoch: number; lease_until: number }) =>
      db
        .updateTable("run")
        .set({ lease_until: p.lease_until })
        .where("run_id", "=", p.run_id)
        .where("epoch", "=", p.epoch)
        .where(isRunning)
        .returning("cancel"),
    ),
    release: hot((p: { run_id: string; epoch: number; now: number }) =>
      db
        .updateTable("run")
        .set({ status: "pending", owner: null, lease_until: null, updated_at: p.now })
        .where("run_id", "=", p.run_id)
        .where("epoch", "=", p.epoch)
        .where(isRunning)
        .returning("run_id"),
    ),
  };
}
