import { isJsonObject, type JsonObject } from "../../core/json.ts";
import { all, run, type Commit } from "../commit.ts";
import type { Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";

interface Row {
  checkpoint_ns: string;
  checkpoint_id: string;
  metadata: JsonObject;
}

const ROOT = "";
/** Statements with longer lists of ids are split. */
const CHUNK = 200;

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

function* chunksOf<T>(list: readonly T[]): Generator<T[]> {
  for (let start = 0; start < list.length; start += CHUNK) yield list.slice(start, start + CHUNK);
}

/**
 * Deletes checkpoints before the newest `keep` of a thread that the commit holds, the oldest first and
 * at most `limit`; answers how many.
 */
export function checkpointPruner({
  db,
}: Dialect): (threadId: string, amount: { keep: number; limit: number }) => Commit<number> {
  return function* (threadId, { keep, limit }) {
    const rows = yield* all(
      db
        .selectFrom("checkpoint")
        .select(["checkpoint_ns", "checkpoint_id", "metadata_json"])
        .where("thread_id", "=", threadId)
        .orderBy("checkpoint_id", "desc"),
    );
    const gone = rowsToPrune(
      rows.map(({ metadata_json, ...row }) => ({ ...row, metadata: fromJson(metadata_json) })),
      keep,
    ).slice(-limit);
    for (const [ns, ofSpace] of Map.groupBy(gone, ({ checkpoint_ns }) => checkpoint_ns)) {
      for (const chunk of chunksOf(ofSpace.map(({ checkpoint_id }) => checkpoint_id))) {
        for (const table of ["checkpoint_write", "checkpoint"] as const) {
          yield* run(
            db
              .deleteFrom(table)
              .where("thread_id", "=", threadId)
              .where("checkpoint_ns", "=", ns)
              .where("checkpoint_id", "in", chunk),
          );
        }
      }
    }
    return gone.length;
  };
}
