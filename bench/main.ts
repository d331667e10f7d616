// npm run bench [-- --quick] [-- --json FILE] [-- --profile]
// Kagari and raw LangGraph on one fake upstream, in turns; prints the figures and their ratios.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { Children } from "./children.ts";
import { profileSummary } from "./cpu-profile.ts";
import { machine, report, type Results } from "./report.ts";
import { coldStarts, compareRounds, footprint, kagariRound, type Scenario } from "./scenarios.ts";
import { Client } from "./sse-client.ts";
import { Workplaces } from "./workplace.ts";

const COLD_STARTS = 5;
const LIMIT_MS = 300_000;

interface Effort {
  rounds: number;
  /** Runs of one round, by scenario. */
  scenarios: Scenario[];
  warmUpRuns: number;
  footprintRuns: number;
}

const effort = (isQuick: boolean): Effort => ({
  rounds: isQuick ? 3 : 7,
  scenarios: [
    { name: "chat stream, 1 at a time", graph: "chat", concurrency: 1, runs: isQuick ? 100 : 300 },
    { name: "chat stream, 16 at once", graph: "chat", concurrency: 16, runs: isQuick ? 300 : 800 },
    { name: "echo, 16 at once", graph: "echo", concurrency: 16, runs: isQuick ? 400 : 1000 },
  ],
  warmUpRuns: isQuick ? 300 : 600,
  footprintRuns: isQuick ? 200 : 500,
});

async function measure(
  { children, places, upstream }: { children: Children; places: Workplaces; upstream: string },
  { rounds, scenarios, warmUpRuns, footprintRuns }: Effort,
): Promise<Results> {
  const { at, ...on } = machine();
  const fresh = Array.from({ length: COLD_STARTS }, () => places.make(upstream));
  const coldStart = await coldStarts(children, fresh);
  const used = await footprint(children, places.make(upstream), footprintRuns);
  const kagari = await children.kagari(places.make(upstream));
  const { child: raw } = await children.script("raw.ts", [upstream]);
  const warmUp = scenarios.map((scenario) => ({ ...scenario, runs: warmUpRuns }));
  await compareRounds({ kagari, raw }, warmUp, 1);
  const compared = await compareRounds({ kagari, raw }, scenarios, rounds);
  return { at, machine: on, compared, coldStart, footprint: used };
}

async function profile(
  { children, places, upstream }: { children: Children; places: Workplaces; upstream: string },
  scenario: Omit<Scenario, "name">,
): Promise<string> {
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

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  const children = new Children();
  using places = new Workplaces();
  const giveUp = async (why: string) => {
    console.error(`bench: ${why}`);
    await children.stop();
    places[Symbol.dispose]();
    process.exit(1);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void giveUp(`stopped by ${signal}`));
  setTimeout(() => void giveUp(`not done in ${LIMIT_MS / 1000} s`), LIMIT_MS).unref();
  try {
    const { hello } = await children.script("upstream.ts");
    const upstream = `http://127.0.0.1:${z.number().parse(hello)}/v1`;
    const parts = { children, places, upstream };
    if (values.profile) {
      const runs = values.quick ? 500 : 2000;
      console.log(await profile(parts, { graph: "chat", concurrency: 16, runs }));
      return;
    }
    const results = await measure(parts, effort(values.quick));
    console.log(report(results));
    if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, null, 2));
  } finally {
    await children.stop();
  }
}

await main();
