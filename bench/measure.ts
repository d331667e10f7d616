/** What one round of runs took. */
export interface Round {
  runs: number;
  runsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Median time to the first token. */
  ttftMs: number;
  /** User and system time of the measured process; undefined where the system does not tell it. */
  cpuMsPerRun: number | undefined;
  /** From the model server to the client, of tokens that carry the time they were sent at. */
  delayP50Ms?: number | undefined;
  delayP99Ms?: number | undefined;
}

/** One run: its whole time, and the time to its first token. */
export interface RunTime {
  ms: number;
  ttftMs: number;
  delaysMs?: number[];
}

/** How long a token took that carries the time it was sent at; undefined for any other. */
export function delayOf(token: string): number | undefined {
  const sentAt = Number(token);
  return sentAt > 0 ? performance.timeOrigin + performance.now() - sentAt : undefined;
}

/** The value that a share of `values` does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  return sorted[index] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Makes `runs` runs, `concurrency` at a time; `cpuMs` reads the CPU time of the measured process. */
export async function measureRound(
  { runs, concurrency }: { runs: number; concurrency: number },
  run: () => Promise<RunTime>,
  cpuMs: () => number | undefined,
): Promise<Round> {
  const times: RunTime[] = [];
  let begun = 0;
  const cpuBefore = cpuMs();
  const start = performance.now();
  const lane = async () => {
    while (begun < runs) {
      begun += 1;
      times.push(await run());
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  const wallMs = performance.now() - start;
  const cpuAfter = cpuMs();
  const all = times.map(({ ms }) => ms);
  const delays = times.flatMap(({ delaysMs = [] }) => delaysMs);
  return {
    runs,
    runsPerSecond: (runs / wallMs) * 1000,
    p50Ms: median(all),
    p99Ms: quantile(all, 0.99),
    ttftMs: median(times.map(({ ttftMs }) => ttftMs)),
    delayP50Ms: delays.length === 0 ? undefined : median(delays),
    delayP99Ms: delays.length === 0 ? undefined : quantile(delays, 0.99),
    cpuMsPerRun:
      cpuBefore === undefined || cpuAfter === undefined ? undefined : (cpuAfter - cpuBefore) / runs,
  };
}

/** The median round: each figure by itself, since noise hits them apart. */
export function middle(rounds: readonly Round[]): Round {
  const of = (read: (round: Round) => number | undefined) => {
    const known = rounds.map(read).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : median(known);
  };
  return {
    runs: rounds.reduce((sum, { runs }) => sum + runs, 0),
    runsPerSecond: of((round) => round.runsPerSecond) ?? Number.NaN,
    p50Ms: of((round) => round.p50Ms) ?? Number.NaN,
    p99Ms: of((round) => round.p99Ms) ?? Number.NaN,
    ttftMs: of((round) => round.ttftMs) ?? Number.NaN,
    cpuMsPerRun: of((round) => round.cpuMsPerRun),
    delayP50Ms: of((round) => round.delayP50Ms),
    delayP99Ms: of((round) => round.delayP99Ms),
  };
}
