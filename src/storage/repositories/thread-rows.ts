import { sql, type SqlBool } from "kysely";
import type { RestStatus, Thread, ThreadStatus, ThreadTtl } from "../../domain/thread.ts";
import { hot } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { fromJson, fromJsonOrNull, jsonOrNull } from "../json-column.ts";
import type { ThreadRow } from "../schema.ts";

const ttlOf = ({ ttl_ms, ttl_strategy }: ThreadRow): Pick<Thread, "ttl"> =>
  ttl_ms === null ? {} : { ttl: { ttl: ttl_ms / 60_000, strategy: ttl_strategy ?? "delete" } };

/** The columns of a time to live. */
export const ttlColumns = (ttl: ThreadTtl) => ({
  ttl_ms: Math.max(1, Math.round(ttl.ttl * 60_000)),
  ttl_strategy: ttl.strategy,
});

export const toThread = (row: ThreadRow): Thread => ({
  thread_id: row.thread_id,
  status: row.status,
  metadata: fromJson(row.metadata),
  config: fromJson(row.config),
  interrupts: fromJson(row.interrupts),
  error: fromJsonOrNull(row.error),
  created_at: row.created_at,
  updated_at: row.updated_at,
  state_updated_at: row.state_updated_at,
  ...ttlOf(row),
});

const restOf = (status: ThreadStatus): RestStatus => (status === "busy" ? "idle" : status);

export const fromThread = (thread: Thread, isTemporary: boolean): ThreadRow => ({
  thread_id: thread.thread_id,
  status: thread.status,
  rest_status: restOf(thread.status),
  metadata: JSON.stringify(thread.metadata),
  config: JSON.stringify(thread.config),
  interrupts: JSON.stringify(thread.interrupts),
  error: jsonOrNull(thread.error),
  is_temporary: isTemporary ? 1 : 0,
  created_at: thread.created_at,
  updated_at: thread.updated_at,
  state_updated_at: thread.state_updated_at,
  ttl_ms: null,
  ttl_strategy: null,
  ...(thread.ttl ? ttlColumns(thread.ttl) : {}),
  pruned_at: null,
});

/** True in a statement on `thread` when a run of the thread waits or runs. */
export const threadHasActiveRun = sql<SqlBool>`exists (
  select 1 from run where run.thread_id = thread.thread_id and status in ('pending', 'running'))`;

export const threadInserter = ({ db }: Dialect) =>
  hot((p: ThreadRow) => db.insertInto("thread").values(p));

/** Sets a thread's status anew after a run of it has gone: busy while others wait or run. */
export const threadRefresher = ({ db }: Dialect) =>
  hot((p: { thread_id: string; now: number }) =>
    db
      .updateTable("thread")
      .set({
        status: sql`case when ${threadHasActiveRun} then 'busy' else rest_status end`,
        updated_at: p.now,
      })
      .where("thread_id", "=", p.thread_id),
  );
