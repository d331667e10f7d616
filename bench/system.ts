import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const PAGE_BYTES = 4096;
const TICK_MS = 10;
const STAT = { userTicks: 11, systemTicks: 12, residentPages: 21 };

/** Memory and CPU time of a process, from /proc; undefined on systems that have none. */
export function processUse(pid: number): { rssMb: number; cpuMs: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The name of the process, in parentheses, may hold spaces.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (index: number) => Number(fields[index]);
  return {
    rssMb: (field(STAT.residentPages) * PAGE_BYTES) / 1024 / 1024,
    cpuMs: (field(STAT.userTicks) + field(STAT.systemTicks)) * TICK_MS,
  };
}

/** Bytes of the files of a folder. */
export function folderBytes(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
