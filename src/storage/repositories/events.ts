import { sql } from "kysely";
import type { RunEvent } from "../../domain/event.ts";
import type { Fence } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { Events } from "../ports.ts";
import { packEvents, unpackEvents, type EventRow } from "./event-rows.ts";
import { fenceFinder } from "./fence.ts";

/** Keeps events of a run, in order. */
export function eventWriter({ db }: Dialect): (runId: string, events: RunEvent[]) => Commit<void> {
  const insert = hot((p: EventRow & { run_id: string }) => db.insertInto("event").values(p));
  return function* (runId, events) {
    for (const row of packEvents(events)) yield* insert({ run_id: runId, ...row });
  };
}

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
  readonly #fenceOwner: (fence: Fence) => Commit<string | undefined>;
  readonly #write: (runId: string, events: RunEvent[]) => Commit<void>;
  readonly #lastSeq: (runId: string) => Commit<number>;
  readonly #rows: (p: { run_id: string; after: number; limit: number }) => Commit<EventRow[]>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#fenceOwner = fenceFinder(dialect);
    this.#write = eventWriter(dialect);
    this.#lastSeq = lastSeqFinder(dialect);
    const rows = dialect.db.selectFrom("event").select(["seq", "first_seq", "kind", "payload"]);
    this.#rows = hot((p) =>
      rows.where("run_id", "=", p.run_id).where("seq", ">", p.after).orderBy("seq").limit(p.limit),
    );
  }

  append(batch: { fence: Fence; events: RunEvent[] }[]): Promise<{ lost: string[] }> {
    return this.#commits.write(this.#appendCommit(batch));
  }

  read(runId: string, after: number, limit: number): Promise<RunEvent[]> {
    return this.#commits.read(this.#readCommit(runId, after, limit));
  }

  lastSeq(runId: string): Promise<number> {
    return this.#commits.read(this.#lastSeq(runId));
  }

  *#appendCommit(batch: { fence: Fence; events: RunEvent[] }[]): Commit<{ lost: string[] }> {
    const lost: string[] = [];
    for (const { fence, events } of batch) {
      if ((yield* this.#fenceOwner(fence)) === undefined) lost.push(fence.run_id);
      else yield* this.#write(fence.run_id, events);
    }
    return { lost };
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
