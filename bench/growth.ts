import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Bench, Table } from "./bench.ts";
import { fixed } from "./bench.ts";
import { newThread, streamRun, streamTurn } from "./kagari-runs.ts";
import { median } from "./measure.ts";
import { Client } from "./sse-client.ts";
import type { Workplace } from "./workplace.ts";

const TURN =
  "a turn of about a hundred and ten characters, as a user of a chat might well write it to an agent now";
const CHATS = 100;
/** Turns whose times make one figure. */
const WINDOW = 20;

/** One thread that grows, and what its turns and a chat answer take on the disk. */
export async function growth({ children, places, upstream, isQuick }: Bench): Promise<Table> {
  const turns = isQuick ? 300 : 1000;
  const place = places.make(upstream);
  let server = await children.kagari(place);
  let client = new Client(server.url);
  const thread = await newThread(client);
  const times: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const content = `${turn} ${TURN}`;
    times.push((await streamTurn(client, "echo", { thread, content })).ms);
  }
  client.close();
  await server.stop();
  const grown = tableBytes(place);

  const chats = places.make(upstream);
  server = await children.kagari(chats);
  client = new Client(server.url);
  for (let run = 0; run < CHATS; run++) await streamRun(client, "chat");
  client.close();
  await server.stop();
  const eventKb = sum(tableBytes(chats), (name) => name.startsWith("event")) / CHATS / 1024;

  const at = (turn: number) => median(times.slice(Math.max(0, turn - WINDOW), turn));
  const early = at(100);
  const stateKb = sum(grown, (name) => name.startsWith("checkpoint")) / turns / 1024;
  const allKb = sum(grown, () => true) / turns / 1024;
  return {
    title: `One thread of ${turns} turns (echo graph), and answers of 20 tokens (chat graph)`,
    head: ["", "", "aim"],
    rows: [
      ["turn 100, ms", fixed(early), ""],
      ...(isQuick ? [] : [["turn 300, ms", fixed(at(300)), ""]]),
      [`turn ${turns}, ms`, fixed(at(turns)), ""],
      [`turn ${turns} to turn 100`, fixed(at(turns) / early, 2), "1.5"],
      ["checkpoints and messages, KB a turn", fixed(stateKb), "5"],
      ["the whole database, KB a turn", fixed(allKb), ""],
      ["event record of a chat answer, KB", fixed(eventKb), "3"],
    ],
  };
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
