import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { emptyCheckpoint, uuid6, type Checkpoint } from "@langchain/langgraph-checkpoint";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PartCache } from "../../src/checkpoint/part-cache.ts";
import { FencedSaver } from "../../src/checkpoint/saver.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { start, success } from "../contract/samples.ts";
import { LONG, plainGraph } from "./conversation.ts";

let dataDir: string;
let storage: Storage;
const thread = { configurable: { thread_id: "t" } };

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "kagari-stored-"));
  storage = await openStorage({ dataDir, synchronous: "normal" });
});

afterEach(async () => {
  await storage.close();
  rmSync(dataDir, { recursive: true });
});

function inDatabase<Answer>(ask: (database: DatabaseSync) => Answer): Answer {
  const database = new DatabaseSync(join(dataDir, "kagari.db"));
  try {
    return ask(database);
  } finally {
    database.close();
  }
}

const partsOf = (threadId: string) =>
  inDatabase((database) =>
    database
      .prepare("select part_id, length(value) as size from checkpoint_part where thread_id = ?")
      .all(threadId),
  );

const storedBytes = () =>
  inDatabase((database) => {
    const { bytes } =
      database
        .prepare(
          "select (select page_count from pragma_page_count) * 4096 - (select freelist_count from pragma_freelist_count) * 4096 as bytes",
        )
        .get() ?? {};
    return Number(bytes);
  });

const checkpointOf = (channel_values: Record<string, unknown>): Checkpoint => ({
  ...emptyCheckpoint(),
  id: uuid6(0),
  channel_values,
  channel_versions: Object.fromEntries(Object.keys(channel_values).map((name) => [name, 1])),
});

const metadata = { source: "loop" as const, step: 0, parents: {} };

const put = (saver: FencedSaver, threadId: string, values: Record<string, unknown>) => {
  const checkpoint = checkpointOf(values);
  const place = { configurable: { thread_id: threadId } };
  return saver.put(place, checkpoint, metadata, checkpoint.channel_versions);
};

describe("a long thread", () => {
  it("grows by the same few bytes with every turn, and is read in few statements", async () => {
    const { fence } = await start(storage, "r", { thread_id: "t" });
    const cache = new PartCache();
    const talk = async (from: number, to: number) => {
      for (let n = from; n < to; n += 1) {
        const messages = [{ role: "user", id: `u${n}`, content: `${n} ${LONG}` }];
        const saver = new FencedSaver(storage.checkpoints, { fence, cache });
        await plainGraph(saver).invoke({ messages, plan: `reply|0|${n}` }, thread);
      }
      return storedBytes();
    };
    const [few, more, many] = [await talk(0, 50), await talk(50, 150), await talk(150, 250)];
    expect((many - more) / 100).toBeLessThan(((more - few) / 100) * 1.2);
    // The log channel and the plan of this graph are another 1 KB.
    expect((many - more) / 100).toBeLessThan(6500);

    let reads = 0;
    const { checkpoints } = storage;
    const cold = new FencedSaver({
      put: (row, input) => checkpoints.put(row, input),
      putWrites: (key, input) => checkpoints.putWrites(key, input),
      get: (key) => checkpoints.get(key),
      list: (query) => checkpoints.list(query),
      isAnswerWaiting: (run) => checkpoints.isAnswerWaiting(run),
      deleteThread: (threadId) => checkpoints.deleteThread(threadId),
      parts: (threadId, ids) => {
        reads += 1;
        return checkpoints.parts(threadId, ids);
      },
    });
    const tuple = await cold.getTuple(thread);
    expect(tuple?.checkpoint.channel_values["messages"]).toHaveLength(500);
    expect(reads).toBeLessThan(20);
    reads = 0;
    await cold.getTuple(thread);
    expect(reads).toBe(0);
  });
});

describe("a big value", () => {
  const big = "x".repeat(300_000);

  it("is stored once for all versions, channels and writes of its thread", async () => {
    const saver = new FencedSaver(storage.checkpoints);
    await put(saver, "t", { a: big });
    const second = await put(saver, "t", { a: big, b: { text: [big] } });
    await saver.putWrites(second, [["a", big]], "task");
    expect(partsOf("t")).toMatchObject([{ size: big.length + 3 }]);
    const tuple = await saver.getTuple(thread);
    expect(tuple?.checkpoint.channel_values).toEqual({ a: big, b: { text: [big] } });
    expect(tuple?.pendingWrites).toEqual([["task", "a", big]]);
  });

  it("goes with its thread, and only from there", async () => {
    const saver = new FencedSaver(storage.checkpoints);
    await put(saver, "t", { a: big });
    await put(saver, "u", { a: big });
    await saver.deleteThread("t");
    expect(partsOf("t")).toEqual([]);
    expect(partsOf("u")).toHaveLength(1);
  });

  it("goes with the run that is rolled back, unless another needs it", async () => {
    const { fence } = await start(storage, "r", { thread_id: "t" });
    const fenced = new FencedSaver(storage.checkpoints, { fence });
    const shared = "y".repeat(1000);
    await put(fenced, "t", { a: big, b: shared });
    await put(new FencedSaver(storage.checkpoints), "t", { b: shared });
    await storage.runs.finish(fence, { outcome: success, events: [], now: 20, remove: "run" });
    expect(partsOf("t")).toMatchObject([{ size: shared.length + 3 }]);
  });
});

it("does not read the parts of another thread", async () => {
  const saver = new FencedSaver(storage.checkpoints);
  await put(saver, "t", { secret: [LONG + LONG] });
  const [stored] = await storage.checkpoints.list({ thread_id: "t" });
  if (stored === undefined) throw new Error("The checkpoint is missing");
  await saver.getTuple(thread);
  await storage.checkpoints.put({ ...stored, thread_id: "u" });
  const other = { configurable: { thread_id: "u" } };
  await expect(saver.getTuple(other)).rejects.toThrow("missing");
});

it("reads what was stored before values had parts", async () => {
  const saver = new FencedSaver(storage.checkpoints);
  const place = await put(saver, "t", { messages: [], bytes: 0, note: "new" });
  await storage.close();
  inDatabase((database) => {
    database.exec(`
      update checkpoint set channel_values = '{}',
        versions = '{"messages":"2.5","bytes":"1.5","gone":"1.5"}';
      insert into checkpoint_blob (thread_id, checkpoint_ns, version, channel, run_id, type, value)
      values ('t', '', '2.5', 'messages', '', 'json', cast('["a","b"]' as blob)),
        ('t', '', '1.5', 'bytes', '', 'bytes', x'0102'),
        ('t', '', '9.5', 'messages', '', 'json', cast('[]' as blob));`);
    database
      .prepare(
        `insert into checkpoint_write values ('t', '', ?, 'task', 0, '', 1, 'a', 'json', cast('[1]' as blob))`,
      )
      .run(String(place.configurable?.["checkpoint_id"]));
  });
  storage = await openStorage({ dataDir });
  const tuple = await new FencedSaver(storage.checkpoints).getTuple(thread);
  expect(tuple?.checkpoint.channel_values).toEqual({
    messages: ["a", "b"],
    bytes: new Uint8Array([1, 2]),
  });
  expect(tuple?.pendingWrites).toEqual([["task", "a", [1]]]);
});
