// Imported into a server under measurement: from the first SIGUSR2 on it watches how long the event loop
// stands still, and at the second it writes the figures to the file that LOOP_WATCH_FILE names.
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 1;
const NANOS = 1e6;

let watch: ReturnType<typeof monitorEventLoopDelay> | undefined;

process.on("SIGUSR2", () => {
  const file = process.env["LOOP_WATCH_FILE"];
  if (watch === undefined || file === undefined) {
    watch = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    watch.enable();
    return;
  }
  const ms = (share: number) => (watch?.percentile(share) ?? 0) / NANOS;
  writeFileSync(
    file,
    JSON.stringify({ p99Ms: ms(99), p999Ms: ms(99.9), maxMs: watch.max / NANOS }),
  );
});
