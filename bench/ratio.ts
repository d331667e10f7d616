import type { Bench, Table } from "./bench.ts";
import { fixed, percent, signed } from "./bench.ts";
import {
  coldStarts,
  type Compared,
  compareRounds,
  type Footprint,
  footprint,
  type Scenario,
} from "./scenarios.ts";

const COLD_STARTS = 5;
const AIMS = { chat: 0.65, echo: 0.45 };
const MORE_MS = 8;

/** Kagari and raw LangGraph with the same graphs on one fake upstream, in turns. */
export async function ratio({ children, places, upstream, isQuick }: Bench): Promise<Table> {
  const fresh = Array.from({ length: COLD_STARTS }, () => places.make(upstream));
  const coldStart = await coldStarts(children, fresh);
  const used = await footprint(children, places.make(upstream), isQuick ? 200 : 500);
  const kagari = await children.kagari(places.make(upstream));
  const { child: raw } = await children.script("raw.ts", [upstream]);
  const scenarios = scenariosOf(isQuick);
  const warmUp = scenarios.map((scenario) => ({ ...scenario, runs: isQuick ? 300 : 600 }));
  await compareRounds({ kagari, raw }, warmUp, 1);
  const compared = await compareRounds({ kagari, raw }, scenarios, isQuick ? 3 : 7);
  await kagari.stop();
  raw.disconnect();
  return {
    title: "Kagari beside the same graphs in a bare loop",
    head: ["", "Kagari", "raw LangGraph", "Kagari to raw", "aim"],
    rows: [...compared.flatMap(comparedRows), ...ownRows(coldStart.medianMs, used)],
  };
}

const scenariosOf = (isQuick: boolean): Scenario[] => [
  { name: "chat stream, 1 at a time", graph: "chat", concurrency: 1, runs: isQuick ? 100 : 300 },
  { name: "chat stream, 16 at once", graph: "chat", concurrency: 16, runs: isQuick ? 300 : 800 },
  { name: "echo, 16 at once", graph: "echo", concurrency: 16, runs: isQuick ? 400 : 1000 },
];

function comparedRows({ scenario, kagari, raw }: Compared): string[][] {
  const { name, concurrency, graph } = scenario;
  const row = (what: string, key: "p50Ms" | "ttftMs", aim: string) => [
    `${name}, ${what}`,
    fixed(kagari[key]),
    fixed(raw[key]),
    signed(kagari[key] - raw[key]),
    aim,
  ];
  const rows =
    concurrency === 1
      ? [row("p50 ms", "p50Ms", `raw + ${MORE_MS}`), row("first token ms", "ttftMs", "")]
      : [
          [
            `${name}, runs/s`,
            fixed(kagari.runsPerSecond),
            fixed(raw.runsPerSecond),
            percent(kagari.runsPerSecond / raw.runsPerSecond),
            `>= ${percent(AIMS[graph])}`,
          ],
          [`${name}, p99 ms`, fixed(kagari.p99Ms), fixed(raw.p99Ms), "", ""],
        ];
  if (kagari.cpuMsPerRun === undefined || raw.cpuMsPerRun === undefined) return rows;
  const more = signed(kagari.cpuMsPerRun - raw.cpuMsPerRun);
  return [
    ...rows,
    [`${name}, CPU ms/run`, fixed(kagari.cpuMsPerRun), fixed(raw.cpuMsPerRun), more, ""],
  ];
}

const ownRows = (coldMs: number, used: Footprint) => [
  ["cold start to /ok, ms", fixed(coldMs), "", "", "600"],
  ["memory at rest before a graph is loaded, MB", fixed(used.idleRssMb), "", "", "100"],
  ["memory at rest after one chat run, MB", fixed(used.oneRunRssMb), "", "", "230"],
  ["memory right after many, 16 at once, MB", fixed(used.busyRssMb), "", "", ""],
  ["the same at rest, MB", fixed(used.restRssMb), "", "", ""],
  ["disk of a chat run, KB", fixed(used.diskBytesPerRun / 1024), "", "", ""],
];
