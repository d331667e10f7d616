import { sql } from "kysely";
import { ConflictError, LeaseLostError } from "../../core/errors.ts";
import type { CancelAction, Fence, Run, RunPlace, RunStatus } from "../../domain/run.ts";
import { all, first, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { AcceptedRun, ActiveRunQuery, NewRun, RenewedRun, Runs } from "../ports.ts";
import { runAccepter, type AcceptRun } from "./accept-run.ts";
import { activeRuns, countActiveRuns } from "./active-runs.ts";
import { pendingRunEnder, runFlagger } from "./end-run.ts";
import { runFinisher, type RunEnd } from "./finish-run.ts";
import { runRemover, threadRemover } from "./remove-run.ts";
import { rowLocks } from "./row-locks.ts";
import { hasThread, isRunning } from "./run-conditions.ts";
import { toCancel, toRun } from "./run-rows.ts";
import { handedBack, runLeases, type OwnerLease } from "./run-leases.ts";
import { threadHasActiveRun, threadRefresher } from "./thread-rows.ts";
import { runUndoer } from "./undo-run.ts";

interface Lease {
  now: number;
  leaseMs: number;
}

const statementsOf = (dialect: Dialect) => ({
  ...runLeases(dialect),
  accept: runAccepter(dialect),
  finish: runFinisher(dialect),
  endPending: pendingRunEnder(dialect),
  flag: runFlagger(dialect),
  remove: runRemover(dialect),
  undo: runUndoer(dialect),
  removeThread: threadRemover(dialect),
  refreshThread: threadRefresher(dialect),
});

export class KyselyRuns implements Runs {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #db: Dialect["db"];
  readonly #skipLocked: Dialect["skipLocked"];
  readonly #now: Dialect["now"];
  readonly #locks: ReturnType<typeof rowLocks>;
  readonly #statements: ReturnType<typeof statementsOf>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
    this.#db = dialect.db;
    this.#skipLocked = dialect.skipLocked;
    this.#now = dialect.now;
    this.#locks = rowLocks(dialect);
    this.#statements = statementsOf(dialect);
  }

  accept(input: AcceptRun): Promise<AcceptedRun> {
    return this.#commits.write(() => this.#statements.accept(input));
  }

  acceptAll(inputs: readonly NewRun[]): Promise<AcceptedRun[]> {
    return this.#commits.write(() => this.#acceptAllCommit(inputs));
  }

  active(query: ActiveRunQuery): Promise<{ run_id: string; thread_id: string }[]> {
    return this.#commits.read(() => activeRuns(this.#dialect, query));
  }

  countActive(): Promise<{ pending: number; running: number }> {
    return this.#commits.read(() => countActiveRuns(this.#dialect));
  }

  async claim(owner: string, { now, leaseMs }: Lease): Promise<Run | undefined> {
    // Most looks find nothing, and to see that takes no transaction.
    const due = await this.#commits.read(() => this.#statements.isDue({ now }));
    if (due.length === 0) return undefined;
    const claim = { owner, now, lease_ms: Math.round(leaseMs) };
    return this.#commits.write(() => this.#statements.claim(claim));
  }

  renewAll(owner: string, { now, leaseMs }: Lease): Promise<RenewedRun[]> {
    const lease = { owner, now, lease_ms: Math.round(leaseMs) };
    return this.#commits.write(() => this.#renewAllCommit(lease));
  }

  reclaim(now: number): Promise<Run[]> {
    return this.#commits.write(() => this.#reclaimCommit(now));
  }

  finish(fence: Fence, end: RunEnd): Promise<void> {
    return this.#commits.write(() => this.#statements.finish(fence, end));
  }

  undo(fence: Fence): Promise<boolean> {
    return this.#commits.write(() => this.#statements.undo(fence));
  }

  release(fence: Fence, now: number, hasCrashed = false): Promise<void> {
    const change = { ...fence, now, crashes: hasCrashed ? 1 : 0 };
    return this.#commits.write(() => this.#releaseCommit(change));
  }

  requestCancel(runId: string, action: CancelAction, now: number): Promise<RunStatus | undefined> {
    return this.#commits.write(() => this.#cancelCommit(runId, action, now));
  }

  takeOver(now: number): Promise<Run[]> {
    return this.#commits.write(() => this.#takeOverCommit(now));
  }

  find(runId: string): Promise<Run | undefined> {
    return this.#commits.read(this.#findCommit(runId));
  }

  next(
    threadId: string,
    from: { after: RunPlace } | { endedSince: number },
  ): Promise<Run | undefined> {
    return this.#commits.read(this.#nextCommit(threadId, from));
  }

  list(
    threadId: string,
    query: { limit: number; offset: number; status?: RunStatus },
  ): Promise<Run[]> {
    return this.#commits.read(this.#listCommit(threadId, query));
  }

  delete(runId: string, now: number): Promise<boolean> {
    return this.#commits.write(() => this.#deleteCommit(runId, now));
  }

  sweepTemporary(before: number, limit: number): Promise<number> {
    return this.#commits.write(() => this.#sweepCommit(before, limit));
  }

  *#acceptAllCommit(inputs: readonly NewRun[]): Commit<AcceptedRun[]> {
    const accepted: AcceptedRun[] = [];
    for (const input of inputs) accepted.push(yield* this.#statements.accept(input));
    return accepted;
  }

  *#renewAllCommit(lease: OwnerLease): Commit<RenewedRun[]> {
    const rows = yield* this.#statements.renewAll(lease);
    return rows.map(({ cancel, ...fence }) => ({ ...fence, cancel: toCancel(cancel) }));
  }

  *#reclaimCommit(now: number): Commit<Run[]> {
    const rows = yield* this.#statements.reclaim({ now });
    return rows.map(toRun).toSorted((a, b) => a.created_at - b.created_at);
  }

  *#releaseCommit(change: Fence & { now: number; crashes: number }): Commit<void> {
    const [row] = yield* this.#statements.release(change);
    if (row === undefined) throw new LeaseLostError(change.run_id);
  }

  *#cancelCommit(runId: string, action: CancelAction, now: number): Commit<RunStatus | undefined> {
    const run = yield* this.#lockedCommit(runId);
    if (run === undefined) return undefined;
    const { run_id, thread_id, status } = run;
    if (status === "running") yield* this.#statements.flag({ run_id, action, now });
    if (status === "pending") {
      yield* this.#statements.endPending(run, action, now);
      yield* this.#statements.refreshThread({ thread_id, now });
    }
    return status;
  }

  *#takeOverCommit(now: number): Commit<Run[]> {
    const running = this.#db
      .selectFrom("run")
      .select("run_id")
      .where(isRunning)
      .orderBy("run_id")
      .modifyEnd(this.#dialect.lockRows);
    const rows = yield* all(
      this.#db
        .updateTable("run")
        .set({
          ...handedBack(this.#now(now)),
          crashes: sql`crashes + 1`,
          updated_at: now,
        })
        .where("run_id", "in", running)
        .returningAll(),
    );
    return rows.map(toRun).toSorted((a, b) => a.created_at - b.created_at);
  }

  *#findCommit(run_id: string): Commit<Run | undefined> {
    const [row] = yield* this.#statements.find({ run_id });
    return row && toRun(row);
  }

  /** A run that stays as it is, with its thread, until the commit ends. */
  *#lockedCommit(run_id: string): Commit<Run | undefined> {
    yield* this.#locks.threadOfRun(run_id);
    const [row] = yield* this.#statements.findLocked({ run_id });
    return row && toRun(row);
  }

  *#listCommit(
    threadId: string,
    { limit, offset, status }: { limit: number; offset: number; status?: RunStatus },
  ): Commit<Run[]> {
    const rows = yield* all(
      this.#db
        .selectFrom("run")
        .selectAll()
        .where("thread_id", "=", threadId)
        .where(hasThread)
        .$if(status !== undefined, (query) => query.where("status", "=", status ?? "pending"))
        .orderBy("created_at", "desc")
        .orderBy("run_id", "desc")
        .limit(limit)
        .offset(offset),
    );
    return rows.map(toRun);
  }

  *#nextCommit(
    threadId: string,
    from: { after: RunPlace } | { endedSince: number },
  ): Commit<Run | undefined> {
    const runs = this.#db
      .selectFrom("run")
      .selectAll()
      .where("thread_id", "=", threadId)
      .where(hasThread);
    const row = yield* first(
      ("after" in from
        ? runs.where(
            sql<boolean>`(created_at, run_id) > (${from.after.created_at}, ${from.after.run_id})`,
          )
        : runs.where((eb) =>
            eb.or([
              eb("status", "in", ["pending", "running"]),
              eb("updated_at", ">=", from.endedSince),
            ]),
          )
      )
        .orderBy("created_at")
        .orderBy("run_id")
        .limit(1),
    );
    return row && toRun(row);
  }

  *#deleteCommit(runId: string, now: number): Commit<boolean> {
    const run = yield* this.#lockedCommit(runId);
    if (run === undefined) return false;
    if (run.status === "running") {
      throw new ConflictError(`Run ${runId} is running; cancel it before deleting it`);
    }
    yield* this.#statements.remove({ run_id: run.run_id, thread_id: run.thread_id });
    yield* this.#statements.refreshThread({ thread_id: run.thread_id, now });
    return true;
  }

  *#sweepCommit(before: number, limit: number): Commit<number> {
    const ended = yield* all(
      this.#db
        .selectFrom("thread")
        .select("thread_id")
        .where(sql<boolean>`is_temporary = 1`)
        .where("updated_at", "<", before)
        .where((eb) => eb.not(threadHasActiveRun))
        .orderBy("updated_at")
        .limit(limit)
        .modifyEnd(this.#skipLocked),
    );
    for (const { thread_id } of ended) yield* this.#statements.removeThread(thread_id);
    return ended.length;
  }
}
