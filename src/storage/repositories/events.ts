import { sql } from "kysely";
import type { RunEvent } from "../../domain/event.ts";
import type { Fence } from "../../domain/run.ts";
import { first, hot, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { rowInserter } from "../insert-rows.ts";
import type { Events, ReaderLag } from "../ports.ts";
import type { EventTable } from "../schema.ts";
import { packEvents, unpackEvents, type EventRow } from "./event-rows.ts";
import { fencesKeeper } from "./fence.ts";

/** Keeps events of a run, in order. */
export function eventWriter(dialect: Dialect): (runId: string, events: RunEvent[]) => Commit<void> {
  const insert = eventInserter(dialect);
  return (runId, events) => insert(rowsOf(runId, events));
}

const rowsOf = (run_id: string, events: RunEvent[]) =>
  packEvents(events).map((row) => ({ run_id, ...row }));

const eventInserter = (dialect: Dialect) =>
  rowInserter<EventTable>(dialect, {
    table: "event",
    columns: {
      run_id: "text",
      seq: "integer",
      first_seq: "integer",
      kind: "text",
      payload: "text",
    },
  });

/** The seq of a run's last event, 0 for none. */
export function lastSeqFinder({ db }: Dialect): (runId: string) => Commit<number> {
  const select = hot((p: { run_id: string }) =>
    db
      .selectFrom("event")
      .select("seq")
      .where("run_id", "=", p.run_id)
      .orderBy("seq", "desc")
      .limit(sql.lit(1)),
  );
  return function* (runId) {
    const [row] = yield* select({ run_id: runId });
    return row?.seq ?? 0;
  };
}

export class KyselyEvents implements Events {
  readonly #commits: Commits;
  readonly #held: (fences: Fence[]) => Commit<Set<Fence>>;
  readonly #insert: ReturnType<typeof eventInserter>;
  readonly #lastSeq: (runId: string) => Commit<number>;
  readonly #db: Dialect["db"];
  readonly #rows: (p: { run_id: string; after: number; limit: number }) => Commit<EventRow[]>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#db = dialect.db;
    this.#held = fencesKeeper(dialect);
    this.#insert = eventInserter(dialect);
    this.#lastSeq = lastSeqFinder(dialect);
    const rows = dialect.db.selectFrom("event").select(["seq", "first_seq", "kind", "payload"]);
    this.#rows = hot((p) =>
      rows.where("run_id", "=", p.run_id).where("seq", ">", p.after).orderBy("seq").limit(p.limit),
    );
  }

  append(batch: { fence: Fence; events: RunEvent[] }[]): Promise<{ lost: string[] }> {
    return this.#commits.write(() => this.#appendCommit(batch));
  }

  read(runId: string, after: number, limit: number): Promise<RunEvent[]> {
    return this.#commits.read(this.#readCommit(runId, after, limit));
  }

  lastSeq(runId: string): Promise<number> {
    return this.#commits.read(this.#lastSeq(runId));
  }

  lag(runId: string, seq: number, limit: { events: number }): Promise<ReaderLag> {
    return this.#commits.read(this.#lagCommit(runId, seq, limit.events + 1));
  }

  *#lagCommit(run_id: string, seq: number, limit: number): Commit<ReaderLag> {
    const missing = this.#db
      .selectFrom("event")
      .select(["seq", ({ fn }) => fn<number>("length", ["payload"]).as("size")])
      .where("run_id", "=", run_id)
      .where("seq", ">", seq)
      .orderBy("seq")
      .limit(limit);
    const sum = yield* first(
      this.#db
        .selectFrom(missing.as("missing"))
        .select(({ fn }) => [fn.max("missing.seq").as("last"), fn.sum("missing.size").as("bytes")]),
    );
    // Postgres answers sums as text.
    return sum?.last
      ? { events: sum.last - seq, bytes: Number(sum.bytes) }
      : { events: 0, bytes: 0 };
  }

  *#appendCommit(batch: { fence: Fence; events: RunEvent[] }[]): Commit<{ lost: string[] }> {
    const held = yield* this.#held(batch.map(({ fence }) => fence));
    const kept = batch.filter(({ fence }) => held.has(fence));
    yield* this.#insert(kept.flatMap(({ fence, events }) => rowsOf(fence.run_id, events)));
    const lost = batch.filter(({ fence }) => !held.has(fence));
    return { lost: lost.map(({ fence }) => fence.run_id) };
  }

  *#readCommit(run_id: string, after: number, limit: number): Commit<RunEvent[]> {
    const events: RunEvent[] = [];
    for (const row of yield* this.#rows({ run_id, after, limit })) {
      if (events.length >= limit) break;
      events.push(...unpackEvents(row, after));
    }
    return events;
  }
}
