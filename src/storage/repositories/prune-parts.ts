import { sql, type SqlBool } from "kysely";
import type { ThreadMark } from "../background-ports.ts";
import { first, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { PAGE, rowsOf } from "./read-pages.ts";

/** As the saver names parts: `@` and 16 signs of base64url. What only looks like one is kept. */
const PART_ID = /@[\w-]{16}/g;

const idsIn = (text: string): string[] => text.match(PART_ID) ?? [];
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** What tells whether anything has changed in a thread: a run that wrote has made a newer checkpoint. */
export function* threadMark({ db }: Dialect, threadId: string): Commit<ThreadMark | undefined> {
  return yield* first(
    db
      .selectFrom("thread")
      .select([
        "updated_at",
        sql<string | null>`(select max(checkpoint_id) from checkpoint
          where checkpoint.thread_id = thread.thread_id)`.as("newest"),
      ])
      .where("thread_id", "=", threadId),
  );
}

/** The statements that read a thread's state page by page, each from where the last one ended. */
function pagesOf({ db }: Dialect, threadId: string) {
  const checkpoints = db
    .selectFrom("checkpoint")
    .select(["checkpoint_ns", "checkpoint_id", "channel_values"])
    .where("thread_id", "=", threadId)
    .orderBy("checkpoint_ns")
    .orderBy("checkpoint_id")
    .limit(PAGE);
  const writes = db
    .selectFrom("checkpoint_write")
    .select(["checkpoint_ns", "checkpoint_id", "task_id", "idx", "run_id", "value"])
    .where("thread_id", "=", threadId)
    .orderBy("checkpoint_ns")
    .orderBy("checkpoint_id")
    .orderBy("task_id")
    .orderBy("idx")
    .orderBy("run_id")
    .limit(PAGE);
  const parts = db
    .selectFrom("checkpoint_part")
    .select(["part_id", "value"])
    .where("thread_id", "=", threadId)
    .orderBy("part_id")
    .limit(PAGE);
  return {
    checkpoints: (last: { checkpoint_ns: string; checkpoint_id: string } | undefined) =>
      last === undefined
        ? checkpoints
        : checkpoints.where(
            sql<SqlBool>`(checkpoint_ns, checkpoint_id) > (${last.checkpoint_ns}, ${last.checkpoint_id})`,
          ),
    writes: (last: WritePlace | undefined) =>
      last === undefined
        ? writes
        : writes.where(
            sql<SqlBool>`(checkpoint_ns, checkpoint_id, task_id, idx, run_id) > (${last.checkpoint_ns},
              ${last.checkpoint_id}, ${last.task_id}, ${last.idx}, ${last.run_id})`,
          ),
    parts: (last: { part_id: string } | undefined) =>
      last === undefined ? parts : parts.where("part_id", ">", last.part_id),
  };
}

interface WritePlace {
  checkpoint_ns: string;
  checkpoint_id: string;
  task_id: string;
  idx: number;
  run_id: string;
}

/**
 * The parts of a thread that none of its checkpoints and writes leads to, read in pages; whoever deletes
 * them must first see that the thread is still as `seen`.
 */
export async function findUnusedParts(
  commits: Commits,
  dialect: Dialect,
  threadId: string,
): Promise<{ seen: ThreadMark; partIds: string[] } | undefined> {
  const seen = await commits.read(() => threadMark(dialect, threadId));
  if (seen === undefined) return undefined;
  const pages = pagesOf(dialect, threadId);
  const open: string[] = [];
  for await (const row of rowsOf(commits, pages.checkpoints))
    open.push(...idsIn(row.channel_values));
  for await (const row of rowsOf(commits, pages.writes)) open.push(...idsIn(textOf(row.value)));
  const leadsTo = new Map<string, string[]>();
  for await (const { part_id, value } of rowsOf(commits, pages.parts))
    leadsTo.set(part_id, idsIn(textOf(value)));
  const used = new Set<string>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (used.has(id)) continue;
    used.add(id);
    for (const next of leadsTo.get(id) ?? []) open.push(next);
  }
  return { seen, partIds: [...leadsTo.keys()].filter((id) => !used.has(id)) };
}
