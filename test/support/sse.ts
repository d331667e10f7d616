/** One server-sent event as a client reads it; `data` is parsed. */
export interface SseEvent {
  id: string | undefined;
  event: string;
  // Tests look into events of many shapes, and fail when one is not there.
  // oxlint-disable-next-line typescript/no-explicit-any
  data: any;
}

/** Reads the events of a stream one at a time. */
export class SseReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";
  /** Comment lines seen so far. */
  comments = 0;

  constructor(response: Response) {
    if (!response.body) throw new Error("the response has no body");
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event, or undefined at the end of the stream. */
  async next(): Promise<SseEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const event = parseBlock(block);
        if (event) return event;
        this.comments++;
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }

  /** Reads up to and with the first event that fits. */
  async until(fits: (event: SseEvent) => boolean): Promise<SseEvent[]> {
    const events: SseEvent[] = [];
    for (let event = await this.next(); event; event = await this.next()) {
      events.push(event);
      if (fits(event)) return events;
    }
    throw new Error(`the stream ended after ${events.map(({ event }) => event).join(", ")}`);
  }

  /** All events to the end. */
  async rest(): Promise<SseEvent[]> {
    const events: SseEvent[] = [];
    for (let event = await this.next(); event; event = await this.next()) events.push(event);
    return events;
  }

  /** Goes away before the end, as a client that closes its page. */
  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** The whole events of a text; one that was cut off is left out. */
export const parseEvents = (text: string): SseEvent[] =>
  text
    .split("\n\n")
    .slice(0, -1)
    .flatMap((block) => parseBlock(block) ?? []);

/** All events of a response. */
export const readEvents = (response: Response): Promise<SseEvent[]> =>
  new SseReader(response).rest();

function parseBlock(block: string): SseEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const match = /^(?<key>id|event|data): (?<value>.*)$/.exec(line);
    const { key, value } = match?.groups ?? {};
    if (key !== undefined && value !== undefined) fields.set(key, value);
  }
  const event = fields.get("event");
  if (event === undefined) return undefined;
  return { id: fields.get("id"), event, data: JSON.parse(fields.get("data") ?? "null") };
}

/** The events that come until the stream ends, or its server dies. */
export async function readWhatComes(response: Response): Promise<SseEvent[]> {
  const reader = new SseReader(response);
  const events: SseEvent[] = [];
  try {
    for (let event = await reader.next(); event; event = await reader.next()) events.push(event);
  } catch {
    // The connection broke with the server.
  }
  return events;
}
