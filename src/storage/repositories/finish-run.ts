import { sql } from "kysely";
import { LeaseLostError } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import type { RunEvent } from "../../domain/event.ts";
import type { Fence, RunOutcome } from "../../domain/run.ts";
import type { RestStatus } from "../../domain/thread.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { jsonOrNull } from "../json-column.ts";
import { eventWriter } from "./events.ts";
import { webhookQueuer } from "./queue-webhook.ts";
import { runRemover, runStateRemover } from "./remove-run.ts";
import { rowLocks } from "./row-locks.ts";
import { newestCheckpoint, underFence } from "./run-conditions.ts";
import { threadHasActiveRun, threadRefresher } from "./thread-rows.ts";

export interface RunEnd {
  outcome: RunOutcome;
  events: RunEvent[];
  now: number;
  remove?: "run";
}

interface Rest {
  thread_id: string;
  rest: RestStatus;
  interrupts: string;
  error: string | null;
  now: number;
}

const threadSettler = ({ db }: Dialect) =>
  hot((p: Rest) =>
    db
      .updateTable("thread")
      .set({
        status: sql`case when ${p.rest} <> 'idle' then ${p.rest} when ${threadHasActiveRun} then 'busy' else 'idle' end`,
        rest_status: p.rest,
        interrupts: p.interrupts,
        error: p.error,
        updated_at: p.now,
        state_updated_at: p.now,
      })
      .where("thread_id", "=", p.thread_id),
  );

/** Ends a running run under its fence; answers nothing when the fence does not hold. */
const runEnder = (dialect: Dialect) =>
  hot(
    (p: {
      run_id: string;
      epoch: number;
      status: RunOutcome["status"];
      error: string | null;
      interrupts: string | null;
      now: number;
    }) =>
      dialect.db
        .updateTable("run")
        .set({
          status: p.status,
          error: p.error,
          updated_at: p.now,
          owner: null,
          lease_until: null,
          end_checkpoint_id: newestCheckpoint,
          end_interrupts: p.interrupts,
        })
        .where("run_id", "in", underFence(dialect, p))
        .returning(["thread_id", "webhook"]),
  );

const waitingFor = ({ rest_status, interrupts }: RunOutcome): Json[] | null =>
  rest_status === "interrupted" ? Object.values(interrupts).flat() : null;

/** The commit of `Runs.finish`. */
export function runFinisher(dialect: Dialect): (fence: Fence, end: RunEnd) => Commit<void> {
  const writeEvents = eventWriter(dialect);
  const remove = runRemover(dialect);
  const removeState = runStateRemover(dialect);
  const settleThread = threadSettler(dialect);
  const refreshThread = threadRefresher(dialect);
  const endRun = runEnder(dialect);
  const lock = rowLocks(dialect);
  const queueWebhook = webhookQueuer(dialect);
  return function* (fence, { outcome, events, now, remove: removal }) {
    const { run_id, epoch } = fence;
    const error = jsonOrNull(outcome.error);
    yield* lock.threadOfRun(run_id);
    const interrupts = jsonOrNull(waitingFor(outcome));
    const end = { status: outcome.status, error, interrupts, now };
    const [ended] = yield* endRun({ run_id, epoch, ...end });
    if (ended === undefined) throw new LeaseLostError(run_id);
    const { thread_id } = ended;
    if (removal === "run") {
      yield* removeState({ run_id, thread_id });
      yield* remove({ run_id, thread_id });
      // The thread is again what the run before this one left it as.
      yield* refreshThread({ thread_id, now });
      return;
    }
    yield* writeEvents(run_id, events);
    yield* settleThread({
      thread_id,
      rest: outcome.rest_status,
      interrupts: JSON.stringify(outcome.interrupts),
      error: outcome.rest_status === "error" ? error : null,
      now,
    });
    if (ended.webhook !== null) yield* queueWebhook(run_id, now);
  };
}
