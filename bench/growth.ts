import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import { newThread, streamRun, streamTurn } from "./kagari-runs.ts";
import { median } from "./measure.ts";
import { Client } from "./sse-client.ts";
import { processUse } from "./system.ts";
import type { Workplace } from "./workplace.ts";

const TURN =
  "a turn of about a hundred and ten characters, as a user of a chat might well write it to an agent now";
const CHATS = 100;
const TOKENS = 20;
const GAP_MS = 50;
/** Turns whose times make one figure, and whose CPU time does: the system counts that in 10 ms. */
const WINDOW = 20;
const CPU_WINDOW = 100;

/** What each turn of a thread took. */
interface Turns {
  times: number[];
  cpuMs: number[];
  tables: Map<string, number>;
}

/** One thread that grows, and what its turns and a chat answer take on the disk. */
export async function growth(bench: Bench): Promise<Table> {
  const turns = bench.isQuick ? 300 : 1000;
  const { times, cpuMs, tables } = await growThread(bench, turns);
  const { hello } = await bench.children.script("upstream.ts", [String(TOKENS), String(GAP_MS)]);
  const paced = `http://127.0.0.1:${z.number().parse(hello)}/v1`;
  const at = (turn: number) => median(times.slice(Math.max(0, turn - WINDOW), turn));
  const cpuAt = (turn: number) =>
    ((cpuMs[turn - 1] ?? Number.NaN) - (cpuMs[turn - CPU_WINDOW] ?? Number.NaN)) / (CPU_WINDOW - 1);
  const stateKb = sum(tables, (name) => name.startsWith("checkpoint")) / turns / 1024;
  const allKb = sum(tables, () => true) / turns / 1024;
  return {
    title: `One thread of ${turns} turns (echo graph), and answers of ${TOKENS} tokens (chat graph)`,
    head: ["", "", "aim"],
    rows: [
      ["turn 100, ms", fixed(at(100)), ""],
      [`turn ${turns}, ms`, fixed(at(turns)), ""],
      [`turn ${turns} to turn 100`, fixed(at(turns) / at(100), 2), "1.5"],
      ["turns 101 to 200, CPU ms", fixed(cpuAt(200), 2), ""],
      [`turns to ${turns}, CPU ms`, fixed(cpuAt(turns), 2), ""],
      ["the same, one to the other", fixed(cpuAt(turns) / cpuAt(200), 2), "1.5"],
      ["checkpoints and messages, KB a turn", fixed(stateKb), "5"],
      ["the whole database, KB a turn", fixed(allKb), ""],
      [
        "event record of an answer in one burst, KB",
        fixed(await recordKb(bench, bench.upstream)),
        "3",
      ],
      ["event record of an answer at 20 tokens/s, KB", fixed(await recordKb(bench, paced)), "3"],
    ],
  };
}

async function growThread({ children, places, upstream }: Bench, turns: number): Promise<Turns> {
  const place = places.make(upstream);
  const server = await children.kagari(place);
  const client = new Client(server.url);
  const thread = await newThread(client);
  const times: number[] = [];
  const cpuMs: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const content = `${turn} ${TURN}`;
    times.push((await streamTurn(client, "echo", { thread, content })).ms);
    cpuMs.push(processUse(server.pid)?.cpuMs ?? Number.NaN);
  }
  client.close();
  await server.stop();
  return { times, cpuMs, tables: tableBytes(place) };
}

/** KB that the record of one answer takes, pages half full included. */
async function recordKb({ children, places }: Bench, upstream: string): Promise<number> {
  const place = places.make(upstream);
  const server = await children.kagari(place);
  const client = new Client(server.url);
  for (let made = 0; made < CHATS; made += 10)
    await Promise.all(Array.from({ length: 10 }, () => streamRun(client, "chat")));
  client.close();
  await server.stop();
  return sum(tableBytes(place), (name) => name.startsWith("event")) / CHATS / 1024;
}

/** Bytes of the pages of each table and index of a database that nobody has open. */
function tableBytes({ dataDir }: Workplace): Map<string, number> {
  const database = new DatabaseSync(join(dataDir, "kagari.db"), { readOnly: true });
  try {
    const rows = database.prepare("select name, sum(pgsize) as bytes from dbstat group by name");
    return new Map(rows.all().map(({ name, bytes }) => [String(name), Number(bytes)]));
  } finally {
    database.close();
  }
}

const sum = (tables: Map<string, number>, isCounted: (name: string) => boolean): number =>
  [...tables].reduce((bytes, [name, own]) => bytes + (isCounted(name) ? own : 0), 0);
