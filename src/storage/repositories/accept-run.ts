import { ConflictError, NotFoundError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Run } from "../../domain/run.ts";
import type { Thread } from "../../domain/thread.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type { AcceptedRun } from "../ports.ts";
import type { RunRow } from "../schema.ts";
import { pendingRunEnder, runFlagger } from "./end-run.ts";
import { isActive } from "./run-conditions.ts";
import { fromRun } from "./run-rows.ts";
import { fromThread, threadInserter } from "./thread-rows.ts";

export interface NewRun {
  run: Run;
  create_thread?: Thread;
  thread_metadata: JsonObject;
  thread_config: JsonObject;
}

/** Makes the thread of a run if need be, and marks it busy. */
function threadPreparer(dialect: Dialect): (input: NewRun) => Commit<void> {
  const { db, lockRows } = dialect;
  const insert = threadInserter(dialect);
  const select = hot((p: { thread_id: string }) =>
    db
      .selectFrom("thread")
      .select(["metadata", "config"])
      .where("thread_id", "=", p.thread_id)
      .modifyEnd(lockRows),
  );
  const update = hot((p: { thread_id: string; metadata: string; config: string; now: number }) =>
    db
      .updateTable("thread")
      .set({ status: "busy", metadata: p.metadata, config: p.config, updated_at: p.now })
      .where("thread_id", "=", p.thread_id),
  );
  return function* ({ run, create_thread, thread_metadata, thread_config }) {
    const { thread_id, updated_at } = run;
    const [found] = yield* select({ thread_id });
    const before =
      found === undefined
        ? create_thread
        : {
            metadata: fromJson<JsonObject>(found.metadata),
            config: fromJson<JsonObject>(found.config),
          };
    if (before === undefined) throw new NotFoundError("Thread", thread_id);
    const metadata = { ...before.metadata, ...thread_metadata };
    const config = { ...before.config, ...thread_config };
    if (found === undefined && create_thread !== undefined) {
      const thread = { ...create_thread, thread_id, metadata, config };
      yield* insert({ ...fromThread(thread, run.kwargs.temporary), status: "busy" });
      return;
    }
    yield* update({
      thread_id,
      metadata: JSON.stringify(metadata),
      config: JSON.stringify(config),
      now: updated_at,
    });
  };
}

/** Applies a run's multitask strategy to the other runs of its thread; answers what became of them. */
function roomMaker(dialect: Dialect): (run: Run) => Commit<Omit<AcceptedRun, "run">> {
  const endPending = pendingRunEnder(dialect);
  const flag = runFlagger(dialect);
  const others = hot((p: { thread_id: string }) =>
    dialect.db
      .selectFrom("run")
      .select(["run_id", "thread_id", "status"])
      .where("thread_id", "=", p.thread_id)
      .where(isActive),
  );
  return function* ({ thread_id, multitask_strategy, updated_at: now }) {
    if (multitask_strategy === "enqueue") return { cancelled: [], ended: [] };
    const active = yield* others({ thread_id });
    if (active.length > 0 && multitask_strategy === "reject") {
      throw new ConflictError(
        `Thread ${thread_id} is already running a task; wait for it to finish or choose another multitask strategy`,
      );
    }
    const action = multitask_strategy === "rollback" ? "rollback" : "interrupt";
    const cancelled: string[] = [];
    const ended: string[] = [];
    for (const other of active) {
      if (other.status === "running") {
        yield* flag({ run_id: other.run_id, action, now });
        cancelled.push(other.run_id);
      } else {
        yield* endPending(other, action, now);
        ended.push(other.run_id);
      }
    }
    return { cancelled, ended };
  };
}

/** The commit of `Runs.accept`. */
export function runAccepter(dialect: Dialect): (input: NewRun) => Commit<AcceptedRun> {
  const prepareThread = threadPreparer(dialect);
  const makeRoom = roomMaker(dialect);
  const insert = hot((p: RunRow) => dialect.db.insertInto("run").values(p));
  return function* (input) {
    yield* prepareThread(input);
    const others = yield* makeRoom(input.run);
    const run: Run = { ...input.run, status: "pending", cancel: null, error: null };
    yield* insert(fromRun(run));
    return { run, ...others };
  };
}
