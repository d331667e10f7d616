import { sql, type SqlBool } from "kysely";
import { LeaseLostError } from "../../core/errors.ts";
import type { Fence } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { isRunning } from "./run-conditions.ts";

/**
 * Finds the owner of a running run under a fence; nothing when the fence does not hold. What breaks a fence
 * locks the run first (`lockRows`), so it waits for this commit; a renewal of the lease does not.
 */
export function fenceFinder({
  db,
  guardRows,
}: Dialect): (fence: Fence) => Commit<string | undefined> {
  const select = hot((p: Fence) =>
    db
      .selectFrom("run")
      .select("owner")
      .where("run_id", "=", p.run_id)
      .where("epoch", "=", p.epoch)
      .where(isRunning)
      .modifyEnd(guardRows),
  );
  return function* (fence) {
    const [row] = yield* select(fence);
    return row && (row.owner ?? "");
  };
}

/** As `fenceFinder`, but a fence that does not hold ends the commit with LeaseLostError. */
export function fenceGuard(dialect: Dialect): (fence: Fence) => Commit<string> {
  const find = fenceFinder(dialect);
  return function* (fence) {
    const owner = yield* find(fence);
    if (owner === undefined) throw new LeaseLostError(fence.run_id);
    return owner;
  };
}

/** Those fences that hold, which they do until the commit ends. */
export function fencesKeeper(dialect: Dialect): (fences: readonly Fence[]) => Commit<Set<Fence>> {
  const { db, hasArrays, guardRows } = dialect;
  const find = fenceFinder(dialect);
  const running = hot((p: { ids: string[] }) =>
    db
      .selectFrom("run")
      .select(["run_id", "epoch"])
      .where(sql<SqlBool>`run_id = any(${p.ids}::text[])`)
      .where(isRunning)
      .orderBy("run_id")
      .modifyEnd(guardRows),
  );
  return function* (fences) {
    const held = new Set<Fence>();
    if (hasArrays) {
      const rows = yield* running({ ids: fences.map(({ run_id }) => run_id) });
      const epochs = new Map(rows.map(({ run_id, epoch }) => [run_id, epoch]));
      for (const fence of fences) if (epochs.get(fence.run_id) === fence.epoch) held.add(fence);
      return held;
    }
    for (const fence of fences) if ((yield* find(fence)) !== undefined) held.add(fence);
    return held;
  };
}
