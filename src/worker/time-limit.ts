import { timeoutMsOf, type Run } from "../domain/run.ts";

/** The longest time that timers of Node can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How long a run may be executed in all: by the server's setting (0 for ever) and by its own config, whichever ends first. */
export function timeLimitMs(run: Run, settingMs: number): number | undefined {
  const limits = [settingMs, timeoutMsOf(run.kwargs.config) ?? 0].filter((limit) => limit > 0);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** Calls back when the time a run has left is over; answers what calls that off. */
export function atTimeLimit(
  run: Run,
  settingMs: number,
  onLimit: (limitMs: number) => void,
): () => void {
  const limitMs = timeLimitMs(run, settingMs);
  if (limitMs === undefined) return () => undefined;
  const leftMs = Math.min(Math.max(0, limitMs - run.spent_ms), MAX_TIMER_MS);
  const timer = setTimeout(() => onLimit(limitMs), leftMs);
  timer.unref();
  return () => clearTimeout(timer);
}
