import { sql } from "kysely";
import type { CancelAction } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { eventWriter, lastSeqFinder } from "./events.ts";
import { webhookQueuer } from "./queue-webhook.ts";
import { runRemover, runStateRemover, type RunKey } from "./remove-run.ts";
import { isPending, isRunning, newestCheckpoint } from "./run-conditions.ts";

/** A run that no worker has, and what a worker was asked of it that it had no time for. */
export interface PendingRun extends RunKey {
  cancel: CancelAction | null;
}

/**
 * Ends a run that no worker has: `interrupted` with an end event, or gone on rollback. One that a worker
 * had begun to roll back is rolled back whatever is asked now.
 */
export function pendingRunEnder(
  dialect: Dialect,
): (pending: PendingRun, action: CancelAction, now: number) => Commit<void> {
  const { db } = dialect;
  const writeEvents = eventWriter(dialect);
  const lastSeq = lastSeqFinder(dialect);
  const remove = runRemover(dialect);
  const removeState = runStateRemover(dialect);
  const queueWebhook = webhookQueuer(dialect);
  const interrupt = hot((p: { run_id: string; now: number }) =>
    db
      .updateTable("run")
      .set({
        status: "interrupted",
        updated_at: p.now,
        end_checkpoint_id: newestCheckpoint,
      })
      .where("run_id", "=", p.run_id)
      .where(isPending)
      .returning("webhook"),
  );
  return function* ({ run_id, thread_id, cancel }, action, now) {
    const key = { run_id, thread_id };
    if (action === "rollback" || cancel === "rollback") {
      yield* removeState(key);
      yield* remove(key);
      return;
    }
    const [ended] = yield* interrupt({ run_id, now });
    const seq = (yield* lastSeq(run_id)) + 1;
    yield* writeEvents(run_id, [{ kind: "end", status: "interrupted", seq }]);
    if (ended && ended.webhook !== null) yield* queueWebhook(run_id, now);
  };
}

/** Asks the worker of a running run to end it; a rollback once asked for stays one. */
export const runFlagger = ({ db }: Dialect) =>
  hot((p: { run_id: string; action: CancelAction; now: number }) =>
    db
      .updateTable("run")
      .set({
        cancel: sql`case when cancel = 'rollback' then cancel else ${p.action} end`,
        updated_at: p.now,
      })
      .where("run_id", "=", p.run_id)
      .where(isRunning),
  );
