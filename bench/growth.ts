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
/** Turns that make one figure: so many of each mode, since the system counts CPU time in 10 ms. */
const WINDOW = 50;
const EARLY = 200;
/** Turns take turns: the whole state is sent, which grows, or the answer alone. */
const MODES = ["values", "messages-tuple"] as const;

type Mode = (typeof MODES)[number];

interface Turn {
  mode: Mode;
  ms: number;
  cpuMs: number;
}

/** One thread that grows, and what its turns and a chat answer take on the disk. */
export async function growth(bench: Bench): Promise<Table> {
  const count = bench.isQuick ? 400 : 1000;
  const { turns, tables } = await growThread(bench, count);
  const { hello } = await bench.children.script("upstream.ts", [String(TOKENS), String(GAP_MS)]);
  const paced = `http://127.0.0.1:${z.number().parse(hello)}/v1`;
  const stateKb = sum(tables, (name) => name.startsWith("checkpoint")) / count / 1024;
  const allKb = sum(tables, () => true) / count / 1024;
  const burstKb = await recordKb(bench, bench.upstream);
  return {
    title: `One thread of ${count} turns (echo graph), and answers of ${TOKENS} tokens (chat graph)`,
    head: ["", "turns 101 to 200", `the last 100 of ${count}`, "the one to the other", "aim"],
    rows: [
      ...MODES.flatMap((mode) => [
        growthRow(`${mode}, CPU ms`, count, (last) => mean(ofMode(turns, { mode, last }))),
        growthRow(`${mode}, p50 ms`, count, (last) =>
          median(ofMode(turns, { mode, last }).map(({ ms }) => ms)),
        ),
      ]),
      ["checkpoints and messages, KB a turn", "", fixed(stateKb), "", "5"],
      ["the whole database, KB a turn", "", fixed(allKb), "", ""],
      ["event record of an answer in one burst, KB", "", fixed(burstKb), "", "3"],
      [
        "event record of an answer at 20 tokens/s, KB",
        "",
        fixed(await recordKb(bench, paced)),
        "",
        "3",
      ],
    ],
  };
}

function growthRow(name: string, count: number, figure: (last: number) => number): string[] {
  const [early, late] = [figure(EARLY), figure(count)];
  return [name, fixed(early, 2), fixed(late, 2), fixed(late / early, 2), "1.5"];
}

const ofMode = (turns: readonly Turn[], { mode, last }: { mode: Mode; last: number }): Turn[] =>
  turns.slice(last - WINDOW * MODES.length, last).filter((turn) => turn.mode === mode);

const mean = (turns: readonly Turn[]): number =>
  turns.reduce((total, { cpuMs }) => total + cpuMs, 0) / turns.length;

async function growThread(
  { children, places, upstream }: Bench,
  count: number,
): Promise<{ turns: Turn[]; tables: Map<string, number> }> {
  const place = places.make(upstream);
  const server = await children.kagari(place);
  const client = new Client(server.url);
  const thread = await newThread(client);
  const turns: Turn[] = [];
  const cpuMs = () => processUse(server.pid)?.cpuMs ?? Number.NaN;
  for (let at = 0; at < count; at += 1) {
    const mode = MODES[at % MODES.length] ?? MODES[0];
    const before = cpuMs();
    const { ms } = await streamTurn(client, "echo", { thread, content: `${at} ${TURN}`, mode });
    turns.push({ mode, ms, cpuMs: cpuMs() - before });
  }
  client.close();
  await server.stop();
  return { turns, tables: tableBytes(place) };
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
