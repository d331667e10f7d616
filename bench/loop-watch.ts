// Imported into a server under measurement: from the first SIGUSR2 on it watches how long the event loop
// stands still, and at the second it writes the figures to the file that LOOP_WATCH_FILE names.
import { writeFileSync } from "node:fs";
import { createHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const RESOLUTION_MS = 1;
const NANOS = 1e6;
const MICROS = 1e3;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
/** Processor time of each turn of the loop in microseconds: what other processes take is not in it. */
const work = createHistogram();

function cpuMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

let seen = 0;
let timer: NodeJS.Timeout | undefined;

function begin(): void {
  seen = cpuMicros();
  timer = setInterval(() => {
    const now = cpuMicros();
    work.record(Math.max(1, Math.round(now - seen)));
    seen = now;
  }, RESOLUTION_MS);
  delay.enable();
}

function end(file: string): void {
  clearInterval(timer);
  delay.disable();
  const figures = {
    p99Ms: delay.percentile(99) / NANOS,
    p999Ms: delay.percentile(99.9) / NANOS,
    maxMs: delay.max / NANOS,
    cpuP99Ms: work.percentile(99) / MICROS,
    cpuMaxMs: work.max / MICROS,
  };
  writeFileSync(file, JSON.stringify(figures));
}

if (isMainThread)
  process.on("SIGUSR2", () => {
    const file = process.env["LOOP_WATCH_FILE"];
    if (timer === undefined || file === undefined) begin();
    else end(file);
  });
