import { setTimeout as pause } from "node:timers/promises";
import type { Model } from "../model.ts";
import { unfitAnswer } from "../failures/upstream-error.ts";
import { UpstreamError } from "../../core/errors.ts";
import type { WireObject } from "../wire.ts";
import { callOff, lookAtTask, type TaskLook } from "./wire.ts";

const DEFAULT_INTERVAL_S = 2;
const DEFAULT_MAX_WAIT_S = 600;
const GROWTH = 1.5;
const LONGEST_MS = 30_000;

/** How often to look at a model's tasks, and how long at all, in milliseconds. */
export function patienceOf({ fields }: Model): { intervalMs: number; maxWaitMs: number } {
  const { interval, max_wait: maxWait } = { ...fields.poll, ...fields.async?.poll };
  return {
    intervalMs: (interval ?? DEFAULT_INTERVAL_S) * 1000,
    maxWaitMs: (maxWait ?? DEFAULT_MAX_WAIT_S) * 1000,
  };
}

/** The pause before the next look: longer each time, to half a minute. */
export const pauseMs = (intervalMs: number, looks: number): number =>
  Math.min(intervalMs * GROWTH ** looks, Math.max(intervalMs, LONGEST_MS));

/** Waits for the end of a task; answers what it came to. A caller who gives up calls it off. */
export async function untilDone(
  model: Model,
  id: string,
  signal: AbortSignal | undefined,
): Promise<WireObject> {
  const { intervalMs, maxWaitMs } = patienceOf(model);
  const patience = AbortSignal.timeout(maxWaitMs);
  const stop = signal === undefined ? patience : AbortSignal.any([signal, patience]);
  try {
    for (let looks = 0; ; looks++) {
      await pause(pauseMs(intervalMs, looks), undefined, { signal: stop });
      const look = await lookAtTask(model, id, stop).catch(passing);
      if (look?.status === "success") return look.answer;
      if (look !== undefined && look.status !== "running") throw unfitAnswer(model, endOf(look));
    }
  } catch (error) {
    if (!stop.aborted) throw error;
    await callOff(model, id, undefined);
    if (signal?.aborted === true) throw signal.reason;
    throw unfitAnswer(model, `did not end its task within ${maxWaitMs / 1000} seconds`);
  }
}

/** A look that failed for now: the next one tells. */
function passing(error: unknown): undefined {
  if (error instanceof UpstreamError && error.retryable) return undefined;
  throw error;
}

/** Why a task brought nothing, for messages. */
export function endOf(look: TaskLook): string {
  if (look.status !== "error") return `ended its task as ${look.status}`;
  const code = look.code === undefined ? "" : ` (${look.code})`;
  return `could not do its task: ${look.reason}${code}`;
}
