import type { LiveEvent } from "./port.ts";

/** What a value takes beside its own text: braces, commas, digits, headers of objects. */
const OVERHEAD = 8;

function sizeOf(value: unknown, limit: number): number {
  if (typeof value === "string") return value.length + OVERHEAD;
  if (typeof value !== "object" || value === null) return OVERHEAD;
  let size = OVERHEAD;
  for (const key in value) {
    const named = Array.isArray(value) ? 0 : key.length;
    size += named + sizeOf(Reflect.get(value, key), limit - size);
    if (size > limit) return size;
  }
  return size;
}

/** About the bytes that an event takes in memory; counts no further than it takes to exceed `limit`. */
export const eventSize = (event: LiveEvent, limit: number): number =>
  event.kind === "text" ? event.text.length + OVERHEAD : sizeOf(event, limit);

/** Events that are read at once: what a reader that does not read holds in memory. */
const MAX_EVENTS = 100;
const FIRST_EVENTS = 8;
const TARGET_BYTES = 256 * 1024;

/** How much of a run's record to read next: little at first, more while events are small, less once they are large. */
export class ReadSize {
  events = FIRST_EVENTS;

  learn(batch: readonly LiveEvent[]): void {
    let bytes = 0;
    for (const event of batch) {
      bytes += eventSize(event, TARGET_BYTES - bytes);
      if (bytes > TARGET_BYTES) break;
    }
    this.events =
      bytes > TARGET_BYTES
        ? Math.max(1, Math.floor(this.events / 4))
        : Math.min(MAX_EVENTS, this.events * 4);
  }
}
