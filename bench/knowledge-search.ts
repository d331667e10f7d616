import { setTimeout as pause } from "node:timers/promises";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../src/core/clock.ts";
import type { KnowledgeSearch } from "../src/domain/knowledge.ts";
import { knowledgeBase } from "../src/knowledge/knowledge-base.ts";
import type { SearchModels } from "../src/knowledge/port.ts";
import { MemoryVectors } from "../src/knowledge/vectors.ts";
import type { KnowledgeRows, NewChunk } from "../src/storage/knowledge-port.ts";
import { openStorage } from "../src/storage/open-storage.ts";
import { searchText } from "../src/store/words.ts";
import { tempFolder } from "../test/support/spawn-server.ts";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import { quantile } from "./measure.ts";

const CHUNKS_OF_DOCUMENT = 100;
const VOCABULARY = 50_000;
const SLICE = 50;
const MB = 1024 * 1024;
/** Searches that take longer are made less often. */
const SLOW_MS = 300;

const VECTOR = { weights: { vector: 1, keyword: 0 } };
const FILTER = { filter: { part: 3 } };
type Way = [name: string, maxBytes: number, search: Partial<KnowledgeSearch>];
const BY_VECTOR: Way[] = [
  ["vectors in memory", 1024 * MB, VECTOR],
  ["vectors in memory, a tenth of the documents", 1024 * MB, { ...VECTOR, ...FILTER }],
  ["vectors in the database", 0, VECTOR],
];
const BY_WORD: Way[] = [
  ["words", 0, { weights: { vector: 0, keyword: 1 } }],
  ["both", 1024 * MB, {}],
];
const SETS = [
  { size: 256, words: 120, ways: [...BY_VECTOR, ...BY_WORD] },
  { size: 1024, words: 5, ways: BY_VECTOR },
];
type Set = (typeof SETS)[number] & { total: number };

/** Numbers that look random and are the same every time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const random = randomNumbers(7);

/** Few words are frequent and most are rare, as in a language; half of them Chinese. */
function word(): string {
  const rank = Math.floor(VOCABULARY ** random());
  if (rank % 2 === 0) return `w${rank.toString(36)}`;
  const signs = [rank, rank * 31, rank * 17].map((n) => 0x4e00 + (n % 3000));
  return String.fromCodePoint(...signs);
}

const words = (count: number): string => Array.from({ length: count }, word).join(" ");

function unitVector(size: number): Float32Array {
  const vector = Float32Array.from({ length: size }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

async function fill(rows: KnowledgeRows, { total, size, words: count }: Set): Promise<void> {
  for (let first = 0; first < total; first += CHUNKS_OF_DOCUMENT) {
    const name = `document-${first}`;
    const number = await rows.stage(
      {
        owner: "",
        collection: "bench",
        document_id: name,
        source: name,
        content_type: "text/plain",
        hash: name,
        chunks: CHUNKS_OF_DOCUMENT,
        model: "bench",
        space: `bench ${size}`,
        metadata: { part: (first / CHUNKS_OF_DOCUMENT) % 10 },
      },
      0,
    );
    const chunks = Array.from({ length: CHUNKS_OF_DOCUMENT }, (_, chunk): NewChunk => {
      const text = words(count);
      const value = { chunk, text, first_line: 1, last_line: 1 };
      return { value, words: searchText([text]), vector: unitVector(size) };
    });
    for (let at = 0; at < chunks.length; at += SLICE)
      await rows.addChunks(number, chunks.slice(at, at + SLICE), 0);
    await rows.publish(number, 0);
  }
}

/** Models that answer at once, so that only the search is measured. */
const modelsOf = (size: number): SearchModels => ({
  embed: async () => ({ model: "bench", vectors: [[...unitVector(size)]] }),
  rerank: async () => [],
  isReranked: false,
});

/** What a search among 100,000 chunks on SQLite takes, and how long it keeps the event loop. */
export async function knowledgeSearch({ isQuick }: Bench): Promise<Table> {
  const total = isQuick ? 20_000 : 100_000;
  const rows: string[][] = [];
  for (const set of SETS) rows.push(...(await rowsOf({ ...set, total }, isQuick ? 50 : 200)));
  return {
    title: `Searches of ${total} chunks on SQLite, in ms`,
    head: ["", "numbers", "first", "p50", "p99", "CPU", "loop p99", "loop max", "memory MB"],
    rows,
  };
}

async function rowsOf(set: Set, rounds: number): Promise<string[][]> {
  const { size, ways } = set;
  using folder = tempFolder();
  const storage = await openStorage({ dataDir: folder.path, synchronous: "normal" });
  await fill(storage.knowledge, set);
  const table: string[][] = [];
  for (const [name, maxBytes, search] of ways) {
    const vectors = new MemoryVectors(storage.knowledge, { maxBytes });
    const base = knowledgeBase({ rows: storage.knowledge, vectors, clock: systemClock });
    const once = async () => {
      const query = `${word()} ${word()} ${word()} ${words(5)}`;
      const asked = { collection: "bench", limit: 5, ...search, query };
      const begun = performance.now();
      await base.search("", asked, modelsOf(size));
      return performance.now() - begun;
    };
    const before = process.memoryUsage.rss();
    const first = await once();
    const memory = process.memoryUsage.rss() - before;
    const isSlow = (await once()) > SLOW_MS;
    const watch = monitorEventLoopDelay({ resolution: 1 });
    const times: number[] = [];
    const cpu = process.cpuUsage();
    watch.enable();
    for (let round = 0; round < (isSlow ? rounds / 10 : rounds); round++) {
      times.push(await once());
      await pause(1);
    }
    watch.disable();
    const { user, system } = process.cpuUsage(cpu);
    const cpuMs = (user + system) / 1000 / times.length;
    await base.close();
    const delays = [watch.percentile(99) / 1e6, watch.max / 1e6];
    const figures = [first, quantile(times, 0.5), quantile(times, 0.99), cpuMs, ...delays];
    table.push([name, String(size), ...figures.map((ms) => fixed(ms)), fixed(memory / MB, 0)]);
  }
  await storage.close();
  return table;
}
