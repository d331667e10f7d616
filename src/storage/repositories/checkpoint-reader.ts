import { sql, type Compilable } from "kysely";
import type { JsonObject } from "../../core/json.ts";
import { ANSWER } from "../../domain/run.ts";
import { all, hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { Part, StoredCheckpoint } from "../ports.ts";
import type { CheckpointPartTable, CheckpointTableRow } from "../schema.ts";
import { toPart, toStored, versionsOf, type BlobRow, type WriteRow } from "./checkpoint-rows.ts";

export interface CheckpointQuery {
  thread_id?: string;
  checkpoint_ns?: string;
  checkpoint_id?: string;
  before?: string;
  limit?: number;
  filter?: JsonObject;
}

interface Space {
  thread_id: string;
  checkpoint_ns: string;
}

type PartRow = Pick<CheckpointPartTable, "part_id" | "type" | "value">;

/** Longer lists are read in several statements. */
const MAX_LIST = 512;

/** Parts of a list, filled up to a power of two so that few distinct statements serve them all. */
function* paddedParts(list: readonly string[]): Generator<string[]> {
  for (let start = 0; start < list.length; start += MAX_LIST) {
    const part = list.slice(start, start + MAX_LIST);
    const size = 2 ** Math.ceil(Math.log2(part.length));
    const last = part.at(-1) ?? "";
    yield [...part, ...Array.from({ length: size - part.length }, () => last)];
  }
}

/** A hot query with a list of values of any length. */
function hotList<Row>(
  build: (space: Space, list: string[]) => Compilable<Row>,
): (space: Space, list: readonly string[]) => Commit<Row[]> {
  const bySize = new Map<number, (p: Record<string, string>) => Commit<Row[]>>();
  const ofSize = (size: number) => {
    const known = bySize.get(size);
    if (known) return known;
    const query = hot(({ thread_id = "", checkpoint_ns = "", ...list }: Record<string, string>) =>
      build({ thread_id, checkpoint_ns }, Object.values(list)),
    );
    bySize.set(size, query);
    return query;
  };
  return function* ({ thread_id, checkpoint_ns }, list) {
    const rows: Row[] = [];
    for (const part of paddedParts(list)) {
      const values = Object.fromEntries(part.map((value, index) => [`v${index}`, value]));
      rows.push(...(yield* ofSize(part.length)({ thread_id, checkpoint_ns, ...values })));
    }
    return rows;
  };
}

function statementsOf({ db }: Dialect) {
  const checkpoints = db.selectFrom("checkpoint").selectAll();
  return {
    named: hot((p: Space & { checkpoint_id: string }) =>
      checkpoints
        .where("thread_id", "=", p.thread_id)
        .where("checkpoint_ns", "=", p.checkpoint_ns)
        .where("checkpoint_id", "=", p.checkpoint_id),
    ),
    newest: hot((p: Space) =>
      checkpoints
        .where("thread_id", "=", p.thread_id)
        .where("checkpoint_ns", "=", p.checkpoint_ns)
        .orderBy("checkpoint_id", "desc")
        .limit(sql.lit(1)),
    ),
    blobs: hotList<BlobRow>((space, versions) =>
      db
        .selectFrom("checkpoint_blob")
        .select(["version", "channel", "type", "value"])
        .where("thread_id", "=", space.thread_id)
        .where("checkpoint_ns", "=", space.checkpoint_ns)
        .where("version", "in", versions),
    ),
    parts: hotList<PartRow>((space, ids) =>
      db
        .selectFrom("checkpoint_part")
        .select(["part_id", "type", "value"])
        .where("thread_id", "=", space.thread_id)
        .where("part_id", "in", ids),
    ),
    writes: hotList<WriteRow>((space, ids) =>
      db
        .selectFrom("checkpoint_write")
        .select(["checkpoint_id", "task_id", "idx", "channel", "type", "value"])
        .where("thread_id", "=", space.thread_id)
        .where("checkpoint_ns", "=", space.checkpoint_ns)
        .where("checkpoint_id", "in", ids)
        .orderBy("position")
        .orderBy("task_id")
        .orderBy("idx"),
    ),
  };
}

function listQuery({ db, jsonContains }: Dialect, query: CheckpointQuery) {
  const { thread_id, checkpoint_ns, checkpoint_id, before, limit, filter } = query;
  let rows = db.selectFrom("checkpoint").selectAll();
  if (thread_id !== undefined) rows = rows.where("thread_id", "=", thread_id);
  if (checkpoint_ns !== undefined) rows = rows.where("checkpoint_ns", "=", checkpoint_ns);
  if (checkpoint_id !== undefined) rows = rows.where("checkpoint_id", "=", checkpoint_id);
  if (before !== undefined) rows = rows.where("checkpoint_id", "<", before);
  if (filter !== undefined) rows = rows.where(jsonContains("metadata_json", filter));
  if (limit !== undefined) rows = rows.limit(limit);
  return rows.orderBy("checkpoint_id", "desc");
}

const spaceOf = ({ thread_id, checkpoint_ns }: CheckpointTableRow) =>
  JSON.stringify([thread_id, checkpoint_ns]);

/** The commits of `Checkpoints.get` and `Checkpoints.list`. */
export function checkpointReader(dialect: Dialect) {
  const statements = statementsOf(dialect);
  /** Joins values and writes to rows of one thread and namespace. */
  function* joined(space: Space, rows: readonly CheckpointTableRow[]): Commit<StoredCheckpoint[]> {
    const versions = rows.flatMap((row) => Object.values(versionsOf(row)));
    const blobs = yield* statements.blobs(space, [...new Set(versions)]);
    const ids = rows.map(({ checkpoint_id }) => checkpoint_id);
    const writes = Map.groupBy(yield* statements.writes(space, ids), (row) => row.checkpoint_id);
    return rows.map((row) => toStored(row, { blobs, writes: writes.get(row.checkpoint_id) ?? [] }));
  }
  function* get(key: Space & { checkpoint_id?: string }): Commit<StoredCheckpoint | undefined> {
    const { thread_id, checkpoint_ns, checkpoint_id } = key;
    const space = { thread_id, checkpoint_ns };
    const rows =
      checkpoint_id === undefined
        ? yield* statements.newest(space)
        : yield* statements.named({ ...space, checkpoint_id });
    return (yield* joined(space, rows))[0];
  }
  function* list(query: CheckpointQuery): Commit<StoredCheckpoint[]> {
    const rows = yield* all(listQuery(dialect, query));
    const found = new Map<CheckpointTableRow, StoredCheckpoint>();
    for (const group of Map.groupBy(rows, spaceOf).values()) {
      const [head] = group;
      if (head === undefined) continue;
      const stored = yield* joined(head, group);
      for (const [index, row] of group.entries()) {
        const checkpoint = stored[index];
        if (checkpoint) found.set(row, checkpoint);
      }
    }
    return rows.flatMap((row) => found.get(row) ?? []);
  }
  function* parts(thread_id: string, partIds: readonly string[]): Commit<Part[]> {
    return (yield* statements.parts({ thread_id, checkpoint_ns: "" }, partIds)).map(toPart);
  }
  function* isAnswerWaiting(key: { thread_id: string; run_id: string }): Commit<boolean> {
    const answered = yield* all(
      dialect.db
        .selectFrom("checkpoint_write")
        .select("task_id")
        .distinct()
        .where("thread_id", "=", key.thread_id)
        .where("run_id", "=", key.run_id)
        .where("channel", "=", ANSWER.channel),
    );
    return answered.length === 1 && answered[0]?.task_id === ANSWER.task_id;
  }
  return { get, list, parts, isAnswerWaiting };
}
