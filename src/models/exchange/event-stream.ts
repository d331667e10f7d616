import type { AttemptClock } from "./clock.ts";

/** One event of a stream: its name, where it has one, and its data. */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

/** How long a stream may stay open once it has said that it is done. */
const CLOSING_MS = 1000;
const DONE = "[DONE]";

/** The events of a stream up to its `[DONE]`, all of one read together; comments are left out. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  clock: AttemptClock,
): AsyncGenerator<ServerEvent[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  let isEnded = false;
  try {
    while (!parser.isDone) {
      clock.listen();
      const { done, value } = await reader.read();
      isEnded = done;
      clock.heard();
      const events = parser.push(done ? `${decoder.decode()}\n\n` : decoder.decode(value, STREAM));
      if (events.length > 0) yield events;
      if (done) return;
    }
  } finally {
    if (!isEnded) leave(reader, { isWhole: parser.isDone, clock });
  }
}

const STREAM = { stream: true } as const;

/** Collects lines into events; one long line that comes in many pieces costs no more than a short one. */
export class EventParser {
  isDone = false;
  #line: string[] = [];
  #name = "";
  #data: string | undefined;

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      const rest = text.slice(start, end);
      const line = this.#line.length === 0 ? rest : this.#line.join("") + rest;
      if (this.#line.length > 0) this.#line = [];
      start = end + 1;
      const event = this.#readLine(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (this.isDone) return events;
      if (event !== undefined) events.push(event);
    }
    if (start < text.length) this.#line.push(start === 0 ? text : text.slice(start));
    return events;
  }

  #readLine(line: string): ServerEvent | undefined {
    if (line === "") return this.#end();
    if (line.startsWith("data:")) {
      const data = line.slice(line.charCodeAt(5) === 32 ? 6 : 5);
      this.#data = this.#data === undefined ? data : `${this.#data}\n${data}`;
    } else if (line.startsWith("event:")) this.#name = line.slice(6).trim();
    return undefined;
  }

  #end(): ServerEvent | undefined {
    const event = { name: this.#name, data: this.#data ?? "" };
    this.#name = "";
    this.#data = undefined;
    if (event.data.startsWith(DONE)) this.isDone = true;
    return event.data.trim() === "" || this.isDone ? undefined : event;
  }
}

/** A whole stream is read to its end, so that its connection serves again; any other is cut off. */
function leave(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { isWhole, clock }: { isWhole: boolean; clock: AttemptClock },
): void {
  if (!isWhole) {
    clock.abandon();
    return;
  }
  const timer = setTimeout(() => clock.abandon(), CLOSING_MS);
  void drain(reader).finally(() => clearTimeout(timer));
}

async function drain(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  try {
    while (!(await reader.read()).done);
  } catch {
    // Nothing that comes after the end of an answer can hurt it.
  }
}
