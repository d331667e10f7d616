// node bench/thread-search.ts [threads]
// What a page of a thread search costs among many threads, each with one checkpoint, on SQLite.
import { openStorage } from "../src/storage/open-storage.ts";
import type { ThreadFilter, ThreadSort } from "../src/domain/thread.ts";
import type { Storage } from "../src/storage/ports.ts";
import { tempFolder } from "../test/support/spawn-server.ts";
import { sampleCheckpoint, sampleThread } from "../test/contract/samples.ts";

const BATCH = 500;
const ROUNDS = 20;
const total = Number(process.argv[2] ?? 100_000);

const SEARCHES: [name: string, filter: ThreadFilter, sort_by: ThreadSort][] = [
  ["newest", {}, "created_at"],
  ["last changed state", {}, "state_updated_at"],
  ["by status", { status: "interrupted" }, "created_at"],
  ["metadata of one user", { metadata: { user: "u7" } }, "created_at"],
  ["metadata of nobody", { metadata: { user: "nobody" } }, "updated_at"],
  ["a value of the state", { values: { topic: "t7" } }, "created_at"],
];

async function fill({ threads, checkpoints }: Storage): Promise<void> {
  for (let start = 0; start < total; start += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, total - start) }, (_, n) => start + n);
    await Promise.all(
      numbers.map(async (n) => {
        const id = `thread-${String(n).padStart(9, "0")}`;
        const thread = sampleThread(id, {
          status: n % 100 === 0 ? "interrupted" : "idle",
          metadata: { graph_id: "chat", user: `u${n % 1000}`, title: `Conversation ${n}` },
          created_at: n,
          updated_at: n,
          state_updated_at: total - n,
        });
        await threads.create(thread);
        const values = { topic: `="t${n % 1000}"`, messages: '["@0123456789abcdef"]' };
        await checkpoints.put(sampleCheckpoint(id, "c1", { values }));
      }),
    );
  }
}

async function timed(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b);
}

const ms = (value = 0): string => `${value.toFixed(1)} ms`.padStart(10);

using folder = tempFolder();
const storage = await openStorage({ dataDir: folder.path, synchronous: "normal" });
await fill(storage);
console.log(
  `a page of 10 of ${total} threads, with how many there are: median and slowest of ${ROUNDS}`,
);
for (const [name, filter, sort_by] of SEARCHES) {
  const page = { limit: 10, offset: 0, sort_by, sort_order: "desc" } as const;
  const { total: found } = await storage.threads.search(filter, page);
  const times = await timed(() => storage.threads.search(filter, page));
  console.log(`${name.padEnd(24)}${ms(times[ROUNDS / 2])}${ms(times.at(-1))}   ${found} found`);
}
await storage.close();
