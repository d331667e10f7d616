import { cpus } from "node:os";
import { systemClock } from "../src/core/clock.ts";
import type { Compared, Footprint } from "./scenarios.ts";

/** Everything one run of the bench found out. */
export interface Results {
  at: string;
  machine: { node: string; cpu: string; cores: number };
  compared: Compared[];
  coldStart: { medianMs: number; ms: number[] };
  footprint: Footprint;
}

type Row = [name: string, kagari: string, raw: string, ratio: string, aim: string];

const HEAD: Row = ["", "Kagari", "raw LangGraph", "Kagari to raw", "aim"];

/** What the figures were taken on. */
export function machine(): Results["machine"] & { at: string } {
  const [first] = cpus();
  return {
    at: new Date(systemClock.now()).toISOString(),
    node: process.version,
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
  };
}

/** The figures as a table, goals beside them. */
export function report(results: Results): string {
  const rows = [HEAD, ...results.compared.flatMap(comparedRows), ...ownRows(results)];
  const widths = HEAD.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const { node, cpu, cores } = results.machine;
  return [`${results.at}, Node ${node}, ${cores} x ${cpu}`, "", ...lines].join("\n");
}

function comparedRows({ scenario, kagari, raw }: Compared): Row[] {
  const { name, concurrency, graph } = scenario;
  const share = kagari.runsPerSecond / raw.runsPerSecond;
  const rows: Row[] = [];
  if (concurrency === 1) {
    const difference = kagari.p50Ms - raw.p50Ms;
    rows.push(
      [`${name}, p50 ms`, fixed(kagari.p50Ms), fixed(raw.p50Ms), signed(difference), "raw + 8"],
      [
        `${name}, first token ms`,
        fixed(kagari.ttftMs),
        fixed(raw.ttftMs),
        signed(kagari.ttftMs - raw.ttftMs),
        "",
      ],
    );
  } else {
    const aim = graph === "chat" ? ">= 60 %" : "";
    rows.push(
      [
        `${name}, runs/s`,
        fixed(kagari.runsPerSecond),
        fixed(raw.runsPerSecond),
        percent(share),
        aim,
      ],
      [`${name}, p99 ms`, fixed(kagari.p99Ms), fixed(raw.p99Ms), "", ""],
    );
  }
  if (kagari.cpuMsPerRun !== undefined && raw.cpuMsPerRun !== undefined) {
    const more = kagari.cpuMsPerRun - raw.cpuMsPerRun;
    rows.push([
      `${name}, CPU ms/run`,
      fixed(kagari.cpuMsPerRun),
      fixed(raw.cpuMsPerRun),
      signed(more),
      "",
    ]);
  }
  return rows;
}

function ownRows({ coldStart, footprint }: Results): Row[] {
  const { idleRssMb, oneRunRssMb, diskBytesPerRun } = footprint;
  return [
    ["cold start to /ok, ms", fixed(coldStart.medianMs), "", "", "600"],
    ["memory before a graph is loaded, MB", fixed(idleRssMb), "", "", "100"],
    ["memory after one chat run, MB", fixed(oneRunRssMb), "", "", "230"],
    ["disk of a chat run, KB", fixed(diskBytesPerRun / 1024), "", "", ""],
  ];
}

const fixed = (value: number | undefined): string => (value === undefined ? "-" : value.toFixed(1));
const signed = (value: number): string => `${value < 0 ? "" : "+"}${value.toFixed(1)}`;
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
