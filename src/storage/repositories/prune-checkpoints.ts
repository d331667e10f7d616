import { sql, type SqlBool } from "kysely";
import { isJsonObject, type JsonObject } from "../../core/json.ts";
import type { CheckpointPlace } from "../background-ports.ts";
import { run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import { PAGE, rowsOf } from "./read-pages.ts";

interface Row extends CheckpointPlace {
  metadata: JsonObject;
}

const ROOT = "";

/** LangGraph counts here the writes of a delta channel that a state is yet to be made from. */
const needsOlder = ({ metadata }: Row) => "counters_since_delta_snapshot" in metadata;

/** The checkpoint of the root graph that one of a subgraph belongs to. */
function rootOf({ metadata }: Row): string | undefined {
  const parents = isJsonObject(metadata["parents"]) ? metadata["parents"] : {};
  const root = parents[ROOT];
  return typeof root === "string" ? root : undefined;
}

/** The newest rows of one namespace, newest first, with those that the oldest of them is made from. */
function newestOf(rows: readonly Row[], keep: number): Row[] {
  let end = Math.min(keep, rows.length);
  for (
    let last = rows[end - 1];
    last && end < rows.length && needsOlder(last);
    last = rows[end - 1]
  )
    end += 1;
  return rows.slice(0, end);
}

/** Rows to delete when the newest `keep` of the root graph stay; `rows` are newest first. */
export function rowsToPrune(rows: readonly Row[], keep: number): Row[] {
  const spaces = Map.groupBy(rows, ({ checkpoint_ns }) => checkpoint_ns);
  const kept = new Set<Row>(newestOf(spaces.get(ROOT) ?? [], keep));
  const keptIds = new Set([...kept].map(({ checkpoint_id }) => checkpoint_id));
  for (const [ns, ofSpace] of spaces) {
    if (ns === ROOT) continue;
    // A subgraph without a task in its name remembers from run to run.
    const remembers = !(ns.split("|").at(-1) ?? "").includes(":");
    const wanted = ofSpace.filter((row) => {
      const root = rootOf(row);
      return root !== undefined && keptIds.has(root);
    });
    const oldest = wanted.at(-1);
    const count = Math.max(remembers ? 1 : 0, oldest ? ofSpace.indexOf(oldest) + 1 : 0);
    if (count > 0) for (const row of newestOf(ofSpace, count)) kept.add(row);
  }
  return rows.filter((row) => !kept.has(row));
}

/** The places of the checkpoints of a thread before its newest `keep`, read in pages. */
export async function findOldCheckpoints(
  commits: Commits,
  { db }: Dialect,
  { threadId, keep }: { threadId: string; keep: number },
): Promise<CheckpointPlace[]> {
  const rows: Row[] = [];
  const page = db
    .selectFrom("checkpoint")
    .select(["checkpoint_ns", "checkpoint_id", "metadata_json"])
    .where("thread_id", "=", threadId)
    .orderBy("checkpoint_ns")
    .orderBy("checkpoint_id")
    .limit(PAGE);
  const after = (last: CheckpointPlace | undefined) =>
    last === undefined
      ? page
      : page.where(
          sql<SqlBool>`(checkpoint_ns, checkpoint_id) > (${last.checkpoint_ns}, ${last.checkpoint_id})`,
        );
  for await (const { metadata_json, ...place } of rowsOf(commits, after))
    rows.push({ ...place, metadata: fromJson(metadata_json) });
  rows.sort((a, b) => (a.checkpoint_id < b.checkpoint_id ? 1 : -1));
  return rowsToPrune(rows, keep)
    .map(({ checkpoint_ns, checkpoint_id }) => ({ checkpoint_ns, checkpoint_id }))
    .toReversed();
}

/** Deletes checkpoints of a thread that the commit holds, with their writes. */
export function checkpointRemover({
  db,
}: Dialect): (threadId: string, places: readonly CheckpointPlace[]) => Commit<void> {
  return function* (threadId, places) {
    for (const [ns, ofSpace] of Map.groupBy(places, ({ checkpoint_ns }) => checkpoint_ns)) {
      const ids = ofSpace.map(({ checkpoint_id }) => checkpoint_id);
      for (const table of ["checkpoint_write", "checkpoint"] as const)
        yield* run(
          db
            .deleteFrom(table)
            .where("thread_id", "=", threadId)
            .where("checkpoint_ns", "=", ns)
            .where("checkpoint_id", "in", ids),
        );
    }
  };
}
