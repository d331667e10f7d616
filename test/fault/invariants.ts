import { expect } from "vitest";
import type { ModelCall } from "../../src/domain/usage.ts";
import { type Loose, okJson } from "../support/calls.ts";
import { readEvents, type SseEvent } from "../support/sse.ts";
import type { Api } from "../support/test-server.ts";
import { SEED } from "./chance.ts";

/** A run that was answered with 2xx. */
export interface Accepted {
  thread: string;
  run_id: string;
}

export interface Evidence {
  api: Api;
  runs: readonly Accepted[];
  /** Whether a rollback may have removed a run. */
  mayBeGone?: boolean;
  /** What tasks wrote to the outside world, a line each, and how often a worker died meanwhile. */
  ledger?: { lines: readonly string[]; crashes: number };
  /** What a client saw of the first run, over all its reconnections, and the modes it asked for. */
  seen?: { events: readonly SseEvent[]; modes: string };
  /** The values that the threads must have at the end. */
  values?: Loose;
  /** Calls that reached a provider, and what is on record of them. */
  calls?: { made: number; recorded: readonly ModelCall[] };
}

const TERMINAL = ["success", "error", "timeout", "interrupted"];
const note = `FAULT_SEED=${SEED}`;

/** I1: a run reaches one terminal status, and its stream tells that once, last. Answers the status. */
async function endsOnce({ api, mayBeGone }: Evidence, run: Accepted): Promise<string> {
  const path = `/threads/${run.thread}/runs/${run.run_id}`;
  await (await api.get(`${path}/join`)).text();
  const answer = await api.get(path);
  if (mayBeGone && answer.status === 404) return "gone";
  const { status } = await okJson(answer);
  expect(TERMINAL, note).toContain(status);
  const events = await readEvents(await api.get(`${path}/stream`));
  const ends = events.filter(({ event }) => event === "end");
  expect(ends, note).toHaveLength(1);
  expect(events.at(-1), note).toMatchObject({ event: "end", data: { status } });
  return status;
}

/** I2: the checkpoints of a thread come in one stretch for each run: no two runs wrote in turns. */
async function writesInTurn(api: Api, thread: string): Promise<void> {
  const states = await okJson(api.get(`/threads/${thread}/history?limit=1000`));
  const writers = states.map(({ metadata }: Loose) => metadata.run_id);
  const stretches = writers.filter((id: unknown, index: number) => id !== writers[index - 1]);
  expect(stretches, note).toEqual([...new Set(writers)]);
}

/** I3: a task ran once, and once more for each worker that died. */
function repeatsLittle({ lines, crashes }: { lines: readonly string[]; crashes: number }): void {
  for (const [task, times] of Map.groupBy(lines, (line) => line))
    expect(times.length, `${task} ${note}`).toBeLessThanOrEqual(1 + crashes);
  expect(lines.length - new Set(lines).size, note).toBeLessThanOrEqual(crashes);
}

/** I4: over all reconnections a client got each event once, in order, and missed none. */
async function sawAll({ api, runs: [run], seen }: Evidence): Promise<void> {
  if (!run || !seen) return;
  const ids = seen.events.map(({ id }) => Number(id));
  expect(ids, note).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  const path = `/threads/${run.thread}/runs/${run.run_id}/stream?stream_mode=${seen.modes}`;
  const all = await readEvents(await api.get(path));
  expect(ids, note).toEqual(all.map(({ id }) => Number(id)));
}

/** Checks the invariants I1 to I6, as far as there is evidence for them. Answers the statuses of the runs. */
export async function checkInvariants(evidence: Evidence): Promise<string[]> {
  const { api, runs, ledger, calls } = evidence;
  const statuses = await Promise.all(runs.map((run) => endsOnce(evidence, run)));
  const threads = [...new Set(runs.map(({ thread }) => thread))];
  for (const thread of threads) {
    await writesInTurn(api, thread);
    expect((await okJson(api.get(`/threads/${thread}`))).status, note).not.toBe("busy");
    // I5: the state is that of a run without faults.
    if (evidence.values !== undefined)
      expect((await okJson(api.get(`/threads/${thread}/state`))).values, note).toEqual(
        evidence.values,
      );
  }
  if (ledger) repeatsLittle(ledger);
  await sawAll(evidence);
  // I6: a call that reached the provider is on record once.
  if (calls) expect(calls.recorded, note).toHaveLength(calls.made);
  return statuses;
}
