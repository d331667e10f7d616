import type { RunEvent, RunEventBody } from "../../domain/event.ts";
import { fromJson } from "../json-column.ts";
import type { EventTable } from "../event-schema.ts";
import { packPayload, unpackPayload } from "./event-payload.ts";

/** What a reader needs of a row. */
export type EventRow = Pick<EventTable, "first_seq" | "payload">;

/** Text events of one message that follow each other are one entry: message number, then the parts. */
type TextEntry = [m: number, ...parts: string[]];
type Entry = TextEntry | RunEventBody;

/** A reader of part of a row unpacks all of it. */
const ROW_EVENTS = 100;
const ROW_CHARACTERS = 32 * 1024;

/** How many events one row may hold. */
export const MOST_EVENTS_OF_ROW = ROW_EVENTS;

/** Heads of messages and the end have rows of their own, since they outlive the events around them. */
const isAlone = ({ kind }: RunEvent): boolean => kind === "message" || kind === "end";

/** The row that is being filled. */
class OpenRow {
  readonly #first: RunEvent;
  #last: RunEvent;
  #entries: string[] = [];
  #length = 0;
  /** Text whose entry may yet grow. */
  #texts: { m: number; parts: string[] } | undefined;

  constructor(first: RunEvent) {
    this.#first = this.#last = first;
    this.#put(first);
  }

  /** Adds an event, if it belongs in this row. */
  takes(event: RunEvent): boolean {
    const isNext = event.seq === this.#last.seq + 1;
    if (!isNext || isAlone(event) || isAlone(this.#last) || this.#isFull()) return false;
    this.#put(event);
    return true;
  }

  close(): Omit<EventTable, "run_id"> {
    this.#closeText();
    const json = Buffer.from(`[${this.#entries.join()}]`);
    return {
      seq: this.#last.seq,
      first_seq: this.#first.seq,
      is_head: this.#first.kind === "message" ? 1 : 0,
      size: json.length,
      payload: packPayload(json),
    };
  }

  #isFull(): boolean {
    const count = this.#last.seq - this.#first.seq + 1;
    return count >= ROW_EVENTS || this.#length >= ROW_CHARACTERS;
  }

  #put(event: RunEvent): void {
    this.#last = event;
    if (event.kind === "text") {
      if (this.#texts?.m !== event.m) this.#closeText();
      this.#texts ??= { m: event.m, parts: [] };
      this.#texts.parts.push(event.text);
      this.#length += event.text.length;
      return;
    }
    this.#closeText();
    const { seq: _, ...body } = event;
    this.#add(body);
  }

  #closeText(): void {
    if (this.#texts) this.#add([this.#texts.m, ...this.#texts.parts]);
    this.#texts = undefined;
  }

  #add(entry: Entry): void {
    const json = JSON.stringify(entry);
    this.#entries.push(json);
    this.#length += json.length;
  }
}

/** The rows that keep these events, which are in order. */
export function packEvents(events: readonly RunEvent[]): Omit<EventTable, "run_id">[] {
  const rows: OpenRow[] = [];
  for (const event of events) if (!rows.at(-1)?.takes(event)) rows.push(new OpenRow(event));
  return rows.map((row) => row.close());
}

/** The events of a row that come after `after`. */
export function unpackEvents({ first_seq, payload }: EventRow, after: number): RunEvent[] {
  const bodies = fromJson<Entry[]>(unpackPayload(payload)).flatMap((entry): RunEventBody[] => {
    if (!Array.isArray(entry)) return [entry];
    const [m, ...parts] = entry;
    return parts.map((text) => ({ kind: "text", m, text }));
  });
  return bodies
    .map((body, index) => ({ ...body, seq: first_seq + index }))
    .slice(Math.max(0, after - first_seq + 1));
}
