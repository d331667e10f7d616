import type { Fence } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import type { Blob, CheckpointRow, StoredWrite } from "../ports.ts";
import type { CheckpointBlobTable, CheckpointTableRow, CheckpointWriteTable } from "../schema.ts";
import { fromCheckpoint, type Author } from "./checkpoint-rows.ts";
import { fenceGuard } from "./fence.ts";

export interface NewValues {
  values: { channel: string; version: string; value: Blob }[];
  fence?: Fence;
}

export interface NewWrites {
  writes: StoredWrite[];
  fence?: Fence;
}

export interface WriteKey {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
}

const NOBODY: Author = { run_id: "", epoch: 0, owner: "" };

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
            metadata_type: (eb) => eb.ref("excluded.metadata_type"),
            metadata: (eb) => eb.ref("excluded.metadata"),
            checkpoint_type: (eb) => eb.ref("excluded.checkpoint_type"),
            checkpoint: (eb) => eb.ref("excluded.checkpoint"),
          }),
        ),
    ),
    value: hot((p: CheckpointBlobTable) =>
      db
        .insertInto("checkpoint_blob")
        .values(p)
        .onConflict((conflict) =>
          conflict.columns(["thread_id", "checkpoint_ns", "version", "channel"]).doUpdateSet({
            type: (eb) => eb.ref("excluded.type"),
            value: (eb) => eb.ref("excluded.value"),
          }),
        ),
    ),
    write: hot((p: Omit<CheckpointWriteTable, "id">) =>
      db
        .insertInto("checkpoint_write")
        .values(p)
        .onConflict((conflict) => conflict.doNothing()),
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
  const statements = statementsOf(dialect);
  const guard = fenceGuard(dialect);
  function* authorOf(fence: Fence | undefined): Commit<Author> {
    if (fence === undefined) return NOBODY;
    const owner = yield* guard(fence);
    return { run_id: fence.run_id, epoch: fence.epoch, owner };
  }
  function* put(row: CheckpointRow, { values, fence }: NewValues): Commit<void> {
    const author = yield* authorOf(fence);
    const { thread_id, checkpoint_ns } = row;
    const { run_id } = author;
    for (const { channel, version, value } of values) {
      const { type, bytes } = value;
      yield* statements.value({
        thread_id,
        checkpoint_ns,
        version,
        channel,
        run_id,
        type,
        value: bytes,
      });
    }
    yield* statements.checkpoint(fromCheckpoint(row, author));
  }
  function* putWrites(key: WriteKey, { writes, fence }: NewWrites): Commit<void> {
    const { run_id } = yield* authorOf(fence);
    const { thread_id, checkpoint_ns, checkpoint_id } = key;
    for (const { task_id, idx, channel, value } of writes) {
      const written = { thread_id, checkpoint_ns, checkpoint_id, task_id, idx, run_id };
      if (idx < 0) yield* statements.forget(written);
      yield* statements.write({ ...written, channel, type: value.type, value: value.bytes });
    }
  }
  return { put, putWrites };
}
