import { sql, type SqlBool } from "kysely";
import type { Fence } from "../../domain/run.ts";
import type { Dialect } from "../driver.ts";

// Literals, not bound values: a partial index serves only a query that repeats its condition.
export const isPending = sql<SqlBool>`status = 'pending'`;
export const isRunning = sql<SqlBool>`status = 'running'`;
export const isActive = sql<SqlBool>`status in ('pending', 'running')`;
/** The newest checkpoint of the thread of a run, in a statement on `run`. */
export const newestCheckpoint = sql<string | null>`(
  select checkpoint_id from checkpoint
  where checkpoint.thread_id = run.thread_id and checkpoint_ns = ''
  order by checkpoint_id desc limit 1)`;
export const isEnded = sql<SqlBool>`status not in ('pending', 'running')`;
/** A run whose thread was deleted is deleted with it, though its row may not be cleared away yet. */
export const hasThread = sql<SqlBool>`exists (
  select 1 from thread where thread.thread_id = run.thread_id)`;

/** The run of a fence that holds, for a statement that ends its hold: it waits for commits under the fence. */
export const underFence = ({ db, lockRows }: Dialect, { run_id, epoch }: Fence) =>
  db
    .selectFrom("run")
    .select("run_id")
    .where("run_id", "=", run_id)
    .where("epoch", "=", epoch)
    .where(isRunning)
    .modifyEnd(lockRows);
