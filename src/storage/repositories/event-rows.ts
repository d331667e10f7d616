import type { RunEvent, RunEventBody } from "../../domain/event.ts";
import { fromJson } from "../json-column.ts";
import type { EventTable } from "../schema.ts";

export type EventRow = Omit<EventTable, "run_id">;

type TextEvent = Extract<RunEvent, { kind: "text" }>;

/** Text events of one message that follow each other share a row: message number, then the parts. */
type TextPayload = [m: number, ...parts: string[]];

function textRow(events: TextEvent[], first: TextEvent, last: TextEvent): EventRow {
  const payload: TextPayload = [first.m, ...events.map(({ text }) => text)];
  const { seq } = last;
  return { seq, first_seq: first.seq, kind: "text", payload: JSON.stringify(payload) };
}

function plainRow(event: RunEvent): EventRow {
  const { seq, kind, ...rest } = event;
  return { seq, first_seq: seq, kind, payload: JSON.stringify(rest) };
}

/** The rows that keep these events, which are in order. */
export function packEvents(events: readonly RunEvent[]): EventRow[] {
  const rows: EventRow[] = [];
  for (let index = 0; index < events.length;) {
    const event = events[index];
    if (event === undefined) break;
    if (event.kind !== "text") {
      rows.push(plainRow(event));
      index += 1;
      continue;
    }
    const texts: TextEvent[] = [event];
    let last: TextEvent = event;
    for (
      let next = events[index + 1];
      next?.kind === "text" && next.m === event.m && next.seq === last.seq + 1;
      next = events[index + texts.length]
    ) {
      texts.push(next);
      last = next;
    }
    rows.push(textRow(texts, event, last));
    index += texts.length;
  }
  return rows;
}

/** The events of a row that come after `after`. */
export function unpackEvents(row: EventRow, after: number): RunEvent[] {
  if (row.kind !== "text") {
    const { seq, kind, payload } = row;
    const body = { kind, ...fromJson<object>(payload) } as RunEventBody;
    return seq > after ? [{ ...body, seq }] : [];
  }
  const [m, ...parts] = fromJson<TextPayload>(row.payload);
  return parts
    .map((text, index): TextEvent => ({ kind: "text", m, text, seq: row.first_seq + index }))
    .filter(({ seq }) => seq > after);
}
