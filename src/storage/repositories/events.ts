import { sql, type SqlBool } from "kysely";
import type { RunEvent } from "../../domain/event.ts";
import type { Fence } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { rowInserter } from "../insert-rows.ts";
import type { Events, ReaderLag } from "../ports.ts";
import type { EventTable } from "../event-schema.ts";
import { type EventRow, MOST_EVENTS_OF_ROW, packEvents, unpackEvents } from "./event-rows.ts";
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
      is_head: "integer",
      size: "integer",
      payload: "blob",
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

interface Stretch {
  run_id: string;
  after: number;
  /** How many events it is long, about: it ends with the row that begins before. */
  length: number;
}

/** The rows of a run's events that come after one, as far as they begin within some more. */
function stretch({ db }: Dialect, { run_id, after, length }: Stretch) {
  const rest = db.selectFrom("event").where("run_id", "=", run_id).where("seq", ">", after);
  const start = rest.select("first_seq").orderBy("seq").limit(sql.lit(1));
  return rest.where(sql<SqlBool>`first_seq < ${start} + ${length}`);
}

export class KyselyEvents implements Events {
  readonly #commits: Commits;
  readonly #held: (fences: Fence[]) => Commit<Set<Fence>>;
  readonly #insert: ReturnType<typeof eventInserter>;
  readonly #lastSeq: (runId: string) => Commit<number>;
  readonly #rows: (p: Stretch) => Commit<EventRow[]>;
  readonly #sums: (p: Stretch) => Commit<{ last: number | null; bytes: number | string | null }[]>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#held = fencesKeeper(dialect);
    this.#insert = eventInserter(dialect);
    this.#lastSeq = lastSeqFinder(dialect);
    this.#rows = hot((p) => stretch(dialect, p).select(["first_seq", "payload"]).orderBy("seq"));
    this.#sums = hot((p) =>
      stretch(dialect, p).select(({ fn }) => [
        fn.max<number | null>("seq").as("last"),
        fn.sum<number | string | null>("size").as("bytes"),
      ]),
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
    return this.#commits.read(this.#lagCommit(runId, seq, limit.events));
  }

  *#lagCommit(run_id: string, seq: number, limit: number): Commit<ReaderLag> {
    // The first row may begin before the reader's place.
    const length = limit + MOST_EVENTS_OF_ROW;
    const [sum] = yield* this.#sums({ run_id, after: seq, length });
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
    const rows = yield* this.#rows({ run_id, after, length: limit });
    return rows.flatMap((row) => unpackEvents(row, after));
  }
}
