import { LeaseLostError } from "../../core/errors.ts";
import type { Fence } from "../../domain/run.ts";
import { hot, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { isRunning } from "./run-conditions.ts";

/** Finds the owner of a running run under a fence; nothing when the fence does not hold. */
export function fenceFinder({
  db,
  lockRows,
}: Dialect): (fence: Fence) => Commit<string | undefined> {
  const select = hot((p: Fence) =>
    db
      .selectFrom("run")
      .select("owner")
      .where("run_id", "=", p.run_id)
      .where("epoch", "=", p.epoch)
      .where(isRunning)
      .modifyEnd(lockRows),
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
