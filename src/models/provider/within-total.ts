import { CallClock } from "../exchange/clock.ts";
import type { Ask } from "./meter.ts";

/** Does the work of one call within the model's `total_timeout`, else `usualSeconds`, with all its requests, waits and retries. */
export async function withinTotal<Result>(
  ask: Ask,
  work: (ask: Ask) => Promise<Result>,
  usualSeconds?: number,
): Promise<Result> {
  using clock = new CallClock(ask.model, ask.signal, usualSeconds);
  return await work({ ...ask, signal: clock.signal });
}
