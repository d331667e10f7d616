// npm run bench [-- NAMES] [-- --quick] [-- --json FILE] [-- --profile]
// Without names the short set; `all` is every one, in about ten minutes. Each prints a table.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { systemClock } from "../src/core/clock.ts";
import { type Bench, type Table, textOf } from "./bench.ts";
import { Children } from "./children.ts";
import { profileSummary } from "./cpu-profile.ts";
import { costs, estimates } from "./costs.ts";
import { gateway } from "./gateway.ts";
import { growth } from "./growth.ts";
import { ingest } from "./ingest.ts";
import { knowledgeSearch } from "./knowledge-search.ts";
import { modelLayer } from "./model-layer.ts";
import { processes } from "./processes.ts";
import { ratio } from "./ratio.ts";
import { readers } from "./readers.ts";
import { kagariRound } from "./scenarios.ts";
import { Client } from "./sse-client.ts";
import { stalls } from "./stalls.ts";
import { subscribers } from "./subscribers.ts";
import { streams } from "./streams.ts";
import { takeover } from "./takeover.ts";
import { thinkParser } from "./think-parser.ts";
import { Workplaces } from "./workplace.ts";

/** No benchmark takes longer than this. */
const LIMIT_MS = 240_000;

const BENCHES = {
  ratio,
  streams,
  subscribers,
  growth,
  stalls,
  readers,
  processes,
  takeover,
  gateway,
  ingest,
  "knowledge-search": knowledgeSearch,
  costs,
  estimates,
  "model-layer": modelLayer,
  "think-parser": thinkParser,
} as const;
const SHORT: Name[] = ["ratio"];

type Name = keyof typeof BENCHES;

const isName = (name: string): name is Name => Object.hasOwn(BENCHES, name);

/** What the figures are taken on. */
function machine(): string {
  const [first] = cpus();
  const at = new Date(systemClock.now()).toISOString();
  return `${at}, Node ${process.version}, ${cpus().length} x ${first?.model ?? "unknown"}`;
}

/** The names that were asked for; ends the process when one is not known. */
function namesOf(asked: readonly string[]): Name[] {
  const all = Object.keys(BENCHES).filter(isName);
  if (asked.length === 0) return SHORT;
  if (asked.includes("all")) return all;
  const unknown = asked.filter((name) => !isName(name));
  if (unknown.length === 0) return asked.filter(isName);
  console.error(`bench: no ${unknown.join(", ")}; there are ${all.join(", ")} and all`);
  process.exit(2);
}

async function profile({ children, places, upstream, isQuick }: Bench): Promise<string> {
  const scenario = { graph: "chat", concurrency: 16, runs: isQuick ? 500 : 2000 } as const;
  const place = places.make(upstream);
  const folder = join(place.folder, "profile");
  const nodeArgs = ["--cpu-prof", `--cpu-prof-dir=${folder}`];
  const server = await children.kagari(place, { nodeArgs });
  const client = new Client(server.url);
  try {
    await kagariRound({ client, pid: server.pid }, scenario);
  } finally {
    client.close();
  }
  await server.stop();
  return profileSummary(folder, scenario.runs);
}

/** Gives a benchmark what it works with; all that is ended when it is over, stopped or takes too long. */
async function withBench<T>(isQuick: boolean, use: (bench: Bench) => Promise<T>): Promise<T> {
  const children = new Children();
  using places = new Workplaces();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = (why: string) => reject(new Error(`the bench was ended: ${why}`));
  const timer = setTimeout(stop, LIMIT_MS, `not done in ${LIMIT_MS / 1000} s`);
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    const { hello } = await children.script("upstream.ts");
    const upstream = `http://127.0.0.1:${z.number().parse(hello)}/v1`;
    return await Promise.race([use({ children, places, upstream, isQuick }), stopped]);
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await children.stop();
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  if (values.profile) return console.log(await withBench(values.quick, profile));
  const taken: Table[] = [];
  const on = machine();
  console.log(`${on}\n`);
  for (const name of namesOf(positionals)) {
    const table = await withBench(values.quick, BENCHES[name]);
    console.log(textOf(table));
    taken.push(table);
  }
  if (values.json !== undefined)
    writeFileSync(values.json, JSON.stringify({ on, tables: taken }, null, 2));
}

await main();
process.exit(0);
