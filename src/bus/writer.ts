import type { Json } from "../core/json.ts";
import type { RunEventBody } from "../domain/event.ts";
import type { Fence } from "../domain/run.ts";
import type { EventWriter, LiveEvent } from "./port.ts";

/** Where the events of all writers wait to be stored. */
interface Line {
  enqueue(writer: Writer, event: LiveEvent): void;
  flush(writer: Writer): Promise<void>;
  /** What is not stored yet. */
  take(writer: Writer): LiveEvent[];
  release(runId: string): void;
}

type OnFailure = ((error: unknown) => void) | undefined;

/** Numbers the events of one attempt. */
export class Writer implements EventWriter {
  readonly fence: Fence;
  readonly #onFailure: OnFailure;
  readonly #line: Line;
  #seq: number;
  isFresh = true;
  /** The store in progress, which the end of the run must wait for. */
  storing: Promise<void> = Promise.resolve();
  isStoring = false;
  failure: unknown;

  constructor(
    line: Line,
    { fence, lastSeq, onFailure }: { fence: Fence; lastSeq: number; onFailure: OnFailure },
  ) {
    this.#line = line;
    this.fence = fence;
    this.#seq = lastSeq;
    this.#onFailure = onFailure;
  }

  fail(error: unknown): void {
    this.failure = error;
    this.#onFailure?.(error);
  }

  append(body: RunEventBody, live?: () => Json): void {
    const event = { ...body, seq: ++this.#seq } as LiveEvent;
    this.#line.enqueue(this, live ? { ...event, live } : event);
  }

  async flush(): Promise<void> {
    await this.#line.flush(this);
    this.#check();
  }

  async close(): Promise<LiveEvent[]> {
    const rest = this.#line.take(this);
    await this.storing;
    this.#check();
    return rest;
  }

  release(): void {
    this.#line.release(this.fence.run_id);
  }

  #check(): void {
    if (this.failure !== undefined) throw this.failure;
  }
}
