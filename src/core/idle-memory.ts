import { performance } from "node:perf_hooks";

const LOOK_MS = 5000;
/** A process that works for less of its time has nothing to do. */
const IDLE_SHARE = 0.02;
/** Less is not worth the tenth of a second that a collection takes. */
const WORTH_BYTES = 32 * 1024 * 1024;

/** Whether a process that uses so much memory now, and `rested` after its last collection, is to collect. */
export const isTimeToCollect = (now: { share: number; bytes: number }, rested: number): boolean =>
  now.share < IDLE_SHARE && now.bytes - rested > WORTH_BYTES;

/** Gives the system all memory back that nothing refers to; V8 by itself keeps it for what may come. */
export async function collectGarbage(): Promise<void> {
  // Loaded at its first use: a process that is never idle need not have it.
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  try {
    await session.post("HeapProfiler.collectGarbage");
  } finally {
    session.disconnect();
  }
}

/** Gives memory back whenever the process has become idle after work that took some, loading code included. */
export function giveBackWhenIdle(): void {
  let rested = 0;
  let seen = performance.eventLoopUtilization();
  const look = async () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, seen);
    seen = now;
    const bytes = process.memoryUsage.rss();
    if (!isTimeToCollect({ share: utilization, bytes }, rested)) return;
    await collectGarbage();
    rested = process.memoryUsage.rss();
  };
  setInterval(() => void look(), LOOK_MS).unref();
}
