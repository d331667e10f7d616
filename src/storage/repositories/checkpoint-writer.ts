import { sql } from "kysely";
import type { Fence } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { rowInserter } from "../insert-rows.ts";
import type { CheckpointRow, Part, StoredWrite } from "../ports.ts";
import type { CheckpointPartTable, CheckpointTableRow, CheckpointWriteTable } from "../schema.ts";
import { fromCheckpoint, type Author } from "./checkpoint-rows.ts";
import { fenceGuard } from "./fence.ts";
import type { RunKey } from "./remove-run.ts";

export interface NewParts {
  parts?: Part[];
  fence?: Fence;
}

export interface NewWrites extends NewParts {
  writes: StoredWrite[];
}

export interface WriteKey {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
}

const byPartId = (a: Part, b: Part) => (a.part_id < b.part_id ? -1 : 1);

/** Of several writes under one negative idx the last counts. */
const lastOfSpecial = (writes: readonly StoredWrite[]) =>
  writes.filter(({ idx, task_id }, at) => {
    const isSame = (other: StoredWrite) => other.idx === idx && other.task_id === task_id;
    return idx >= 0 || writes.findLastIndex(isSame) === at;
  });

const NOBODY: Author = { run_id: "", epoch: 0, owner: "" };

function insertersOf(dialect: Dialect) {
  return {
    parts: rowInserter<CheckpointPartTable>(dialect, {
      table: "checkpoint_part",
      columns: { thread_id: "text", part_id: "text", run_id: "text", type: "text", value: "blob" },
      onConflict: sql`on conflict (thread_id, part_id) do update set run_id = ''
        where checkpoint_part.run_id <> excluded.run_id`,
    }),
    writes: rowInserter<CheckpointWriteTable>(dialect, {
      table: "checkpoint_write",
      columns: {
        thread_id: "text",
        checkpoint_ns: "text",
        checkpoint_id: "text",
        task_id: "text",
        idx: "integer",
        run_id: "text",
        position: "integer",
        channel: "text",
        type: "text",
        value: "blob",
      },
      onConflict: sql`on conflict do nothing`,
    }),
  };
}

function statementsOf({ db }: Dialect) {
  return {
    // A graph that ends at once may put the checkpoint it began from again, as its own child: what
    // is kept of the first is whose it is and where it hangs.
    checkpoint: hot((p: CheckpointTableRow) =>
      db
        .insertInto("checkpoint")
        .values(p)
        .onConflict((conflict) =>
          conflict.columns(["thread_id", "checkpoint_ns", "checkpoint_id"]).doUpdateSet({
            metadata_json: (eb) => eb.ref("excluded.metadata_json"),
            versions: (eb) => eb.ref("excluded.versions"),
            channel_values: (eb) => eb.ref("excluded.channel_values"),
            metadata_type: (eb) => eb.ref("excluded.metadata_type"),
            metadata: (eb) => eb.ref("excluded.metadata"),
            checkpoint_type: (eb) => eb.ref("excluded.checkpoint_type"),
            checkpoint: (eb) => eb.ref("excluded.checkpoint"),
          }),
        ),
    ),
    lastPosition: hot((p: WriteKey) =>
      db
        .selectFrom("checkpoint_write")
        .select((eb) => eb.fn.max("position").as("position"))
        .where("thread_id", "=", p.thread_id)
        .where("checkpoint_ns", "=", p.checkpoint_ns)
        .where("checkpoint_id", "=", p.checkpoint_id),
    ),
    forget: hot((p: WriteKey & { task_id: string; idx: number; run_id: string }) =>
      db
        .deleteFrom("checkpoint_write")
        .where("thread_id", "=", p.thread_id)
        .where("checkpoint_ns", "=", p.checkpoint_ns)
        .where("checkpoint_id", "=", p.checkpoint_id)
        .where("task_id", "=", p.task_id)
        .where("idx", "=", p.idx)
        .where("run_id", "=", p.run_id),
    ),
  };
}

/** The commits of `Checkpoints.put` and `Checkpoints.putWrites`. */
export function checkpointWriter(dialect: Dialect) {
  const statements = { ...statementsOf(dialect), ...insertersOf(dialect) };
  const guard = fenceGuard(dialect);
  function* authorOf(fence: Fence | undefined): Commit<Author> {
    if (fence === undefined) return NOBODY;
    const owner = yield* guard(fence);
    return { run_id: fence.run_id, epoch: fence.epoch, owner };
  }
  function* putParts(key: RunKey, parts: readonly Part[]): Commit<void> {
    // In one order for all, so that no two commits wait for each other.
    const rows = parts.toSorted(byPartId).map(({ part_id, value: { type, bytes } }) => ({
      ...key,
      part_id,
      type,
      value: bytes,
    }));
    yield* statements.parts(rows);
  }
  function* put(row: CheckpointRow, { parts = [], fence }: NewParts): Commit<void> {
    const author = yield* authorOf(fence);
    yield* putParts({ thread_id: row.thread_id, run_id: author.run_id }, parts);
    yield* statements.checkpoint(fromCheckpoint(row, author));
  }
  function* putWrites(key: WriteKey, { writes, parts = [], fence }: NewWrites): Commit<void> {
    const { run_id } = yield* authorOf(fence);
    const { thread_id, checkpoint_ns, checkpoint_id } = key;
    yield* putParts({ thread_id, run_id }, parts);
    const place = { thread_id, checkpoint_ns, checkpoint_id };
    for (const { task_id, idx } of writes) {
      if (idx < 0) yield* statements.forget({ ...place, task_id, idx, run_id });
    }
    const [last] = yield* statements.lastPosition(place);
    const first = (last?.position ?? 0) + 1;
    const rows = lastOfSpecial(writes).map(
      ({ task_id, idx, channel, value: { type, bytes } }, index) => ({
        ...place,
        task_id,
        idx,
        run_id,
        position: first + index,
        channel,
        type,
        value: bytes,
      }),
    );
    yield* statements.writes(rows);
  }
  return { put, putWrites };
}
