import { sql, type SqlBool } from "kysely";
import type { ThreadStorage } from "../../domain/thread.ts";
import type { Pruning, ThreadMark } from "../background-ports.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { isEnded } from "./run-conditions.ts";
import { checkpointRemover, findOldCheckpoints } from "./prune-checkpoints.ts";
import { findUnusedParts, threadMark } from "./prune-parts.ts";
import { threadRemover } from "./remove-run.ts";
import { threadHasActiveRun } from "./thread-rows.ts";
import { threadStorage } from "./thread-storage.ts";

type Expired = Awaited<ReturnType<Pruning["expired"]>>;

const isIdle = sql<SqlBool>`not ${threadHasActiveRun}`;
const hasTtl = sql<SqlBool>`ttl_ms is not null`;

/** Makes room: what is no longer wanted of threads, checkpoints and events. */
export class KyselyPruning implements Pruning {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #removeThread: (threadId: string) => Commit<boolean>;
  readonly #dropCheckpoints: ReturnType<typeof checkpointRemover>;
  readonly #storageOf: (threadId: string) => Commit<ThreadStorage | undefined>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
    this.#removeThread = threadRemover(dialect);
    this.#dropCheckpoints = checkpointRemover(dialect);
    this.#storageOf = threadStorage(dialect);
  }

  expired(now: number, limit: number): Promise<Expired> {
    return this.#commits.read(() => this.#expiredCommit(now, limit));
  }

  changed(...[after, limit]: Parameters<Pruning["changed"]>): ReturnType<Pruning["changed"]> {
    const { db } = this.#dialect;
    const { updated_at, thread_id } = after;
    return this.#commits.read(() =>
      all(
        db
          .selectFrom("thread")
          .select(["thread_id", "updated_at"])
          // Repeats the condition of the index on the time of change.
          .where(sql<SqlBool>`is_temporary = 0`)
          .where(
            sql<SqlBool>`(updated_at > ${updated_at}
              or (updated_at = ${updated_at} and thread_id > ${thread_id}))`,
          )
          .orderBy("updated_at")
          .orderBy("thread_id")
          .limit(limit),
      ),
    );
  }

  deleteThread(threadId: string, unchangedSince?: number): Promise<boolean> {
    return this.#commits.write(() => this.#deleteCommit(threadId, unchangedSince));
  }

  async oldCheckpoints(threadId: string, keep: number): ReturnType<Pruning["oldCheckpoints"]> {
    const seen = await this.#commits.read(() => this.#idleMark(threadId));
    if (seen === undefined) return undefined;
    const query = { threadId, keep };
    return { seen, places: await findOldCheckpoints(this.#commits, this.#dialect, query) };
  }

  dropCheckpoints(
    ...[threadId, { seen, places }]: Parameters<Pruning["dropCheckpoints"]>
  ): Promise<boolean> {
    return this.#commits.write(() =>
      this.#whileAsSeen(threadId, { seen, drop: () => this.#dropCheckpoints(threadId, places) }),
    );
  }

  markPruned(threadId: string, { updated_at }: ThreadMark): Promise<void> {
    return this.#commits.write(() =>
      run(
        this.#dialect.db
          .updateTable("thread")
          .set({ pruned_at: updated_at })
          .where("thread_id", "=", threadId),
      ),
    );
  }

  unusedParts(threadId: string): ReturnType<Pruning["unusedParts"]> {
    return findUnusedParts(this.#commits, this.#dialect, threadId);
  }

  dropParts(...[threadId, { seen, partIds }]: Parameters<Pruning["dropParts"]>): Promise<boolean> {
    const { db } = this.#dialect;
    const parts = db
      .deleteFrom("checkpoint_part")
      .where("thread_id", "=", threadId)
      .where("part_id", "in", partIds);
    return this.#commits.write(() => this.#whileAsSeen(threadId, { seen, drop: () => run(parts) }));
  }

  runsToDrop(endedBefore: number, limit: number): Promise<string[]> {
    return this.#commits.read(() => this.#toDropCommit(endedBefore, limit));
  }

  dropEvents(runId: string, limit: number): Promise<number> {
    return this.#commits.write(() => this.#dropCommit(runId, limit));
  }

  longRuns(query: Parameters<Pruning["longRuns"]>[0]): ReturnType<Pruning["longRuns"]> {
    const { after, keep, limit } = query;
    return this.#commits.read(() =>
      all(
        this.#dialect.db
          .selectFrom("run")
          .select(["run_id", "updated_at"])
          .where(sql<SqlBool>`events_dropped = 0`)
          .where(isEnded)
          .where("updated_at", ">", after)
          .where(
            sql<SqlBool>`exists (
              select 1 from event where event.run_id = run.run_id and event.seq > ${keep})`,
          )
          .orderBy("updated_at")
          .limit(limit),
      ),
    );
  }

  trimEvents(...[runId, options]: Parameters<Pruning["trimEvents"]>): Promise<number> {
    return this.#commits.write(() => this.#trimCommit(runId, options));
  }

  storageOf(threadId: string): Promise<ThreadStorage | undefined> {
    return this.#commits.read(() => this.#storageOf(threadId), "snapshot");
  }

  *#expiredCommit(now: number, limit: number): Commit<Expired> {
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("thread")
        .select(["thread_id", "ttl_strategy"])
        .where(hasTtl)
        .where(sql<SqlBool>`updated_at + ttl_ms <= ${now}`)
        .where(sql<SqlBool>`(pruned_at is null or pruned_at < updated_at)`)
        .where(isIdle)
        .orderBy("updated_at")
        .limit(limit),
    );
    return rows.map(({ thread_id, ttl_strategy }) => ({
      thread_id,
      strategy: ttl_strategy ?? "delete",
    }));
  }

  /** Holds a thread until the commit, if no run of it is pending or running. */
  *#holdIdle(threadId: string): Commit<{ updated_at: number } | undefined> {
    const { db, lockRows } = this.#dialect;
    const thread = yield* first(
      db
        .selectFrom("thread")
        .select("updated_at")
        .where("thread_id", "=", threadId)
        .modifyEnd(lockRows),
    );
    if (thread === undefined) return undefined;
    // A statement of its own: it sees the runs that were accepted while the lock was waited for.
    return yield* first(
      db.selectFrom("thread").select("updated_at").where("thread_id", "=", threadId).where(isIdle),
    );
  }

  *#deleteCommit(threadId: string, unchangedSince?: number): Commit<boolean> {
    const thread = yield* this.#holdIdle(threadId);
    if (thread === undefined) return false;
    if (unchangedSince !== undefined && thread.updated_at > unchangedSince) return false;
    return yield* this.#removeThread(threadId);
  }

  /** Deletes something of a thread, unless it is busy or has changed. */
  *#whileAsSeen(
    threadId: string,
    { seen, drop }: { seen: ThreadMark; drop: () => Commit<void> },
  ): Commit<boolean> {
    if ((yield* this.#holdIdle(threadId)) === undefined) return false;
    const mark = yield* threadMark(this.#dialect, threadId);
    if (mark?.updated_at !== seen.updated_at || mark.newest !== seen.newest) return false;
    yield* drop();
    return true;
  }

  *#idleMark(threadId: string): Commit<ThreadMark | undefined> {
    const idle = yield* first(
      this.#dialect.db
        .selectFrom("thread")
        .select("thread_id")
        .where("thread_id", "=", threadId)
        .where(isIdle),
    );
    return idle && (yield* threadMark(this.#dialect, threadId));
  }

  *#toDropCommit(endedBefore: number, limit: number): Commit<string[]> {
    const rows = yield* all(
      this.#dialect.db
        .selectFrom("run")
        .select("run_id")
        .where(sql<SqlBool>`events_dropped = 0`)
        .where(isEnded)
        .where("updated_at", "<", endedBefore)
        .orderBy("updated_at")
        .orderBy("run_id")
        .limit(limit),
    );
    return rows.map(({ run_id }) => run_id);
  }

  *#lastSeq(runId: string): Commit<number> {
    const last = yield* first(
      this.#dialect.db
        .selectFrom("event")
        .select("seq")
        .where("run_id", "=", runId)
        .orderBy("seq", "desc")
        .limit(1),
    );
    return last?.seq ?? 0;
  }

  *#dropCommit(runId: string, limit: number): Commit<number> {
    const { db } = this.#dialect;
    const gone = yield* this.#deleteOldest(runId, { before: yield* this.#lastSeq(runId), limit });
    if (gone < limit) {
      yield* run(
        db.updateTable("run").set({ events_dropped: 1 }).where("run_id", "=", runId).where(isEnded),
      );
    }
    return gone;
  }

  *#trimCommit(runId: string, { keep, limit }: { keep: number; limit: number }): Commit<number> {
    const before = (yield* this.#lastSeq(runId)) - keep + 1;
    return yield* this.#deleteOldest(runId, { before, limit, sparesHeads: true });
  }

  *#deleteOldest(
    runId: string,
    { before, limit, sparesHeads }: { before: number; limit: number; sparesHeads?: true },
  ): Commit<number> {
    const { db } = this.#dialect;
    let oldest = db
      .selectFrom("event")
      .select("seq")
      .where("run_id", "=", runId)
      .where("seq", "<", before)
      .orderBy("seq")
      .limit(limit);
    if (sparesHeads) oldest = oldest.where("is_head", "=", 0);
    const gone = yield* all(
      db
        .deleteFrom("event")
        .where("run_id", "=", runId)
        .where("seq", "in", oldest)
        .returning("seq"),
    );
    return gone.length;
  }
}
