import type { EventWriter } from "../bus/port.ts";
import type { CheckpointKey, StoredCheckpoints } from "../checkpoint/stored.ts";
import type { Json } from "../core/json.ts";
import type { RunEventBody } from "../domain/event.ts";

interface Waiting {
  body: RunEventBody;
  live: (() => Json) | undefined;
}

/**
 * Hands on events in their order, but none before the checkpoint that it tells of is stored: LangGraph
 * tells of one while it is being stored, and whoever reads the record elsewhere would not find it. Of one
 * that is not stored here the record gets the state itself.
 */
export class CheckpointedWriter implements Pick<EventWriter, "append"> {
  readonly #writer: Pick<EventWriter, "append">;
  readonly #threadId: string;
  readonly #stored: StoredCheckpoints;
  #line: Waiting[] = [];

  constructor(
    writer: Pick<EventWriter, "append">,
    parts: { threadId: string; stored: StoredCheckpoints },
  ) {
    this.#writer = writer;
    this.#threadId = parts.threadId;
    this.#stored = parts.stored;
  }

  append(body: RunEventBody, live?: () => Json): void {
    this.#line.push({ body, live });
    if (this.#line.length === 1) this.#advance();
  }

  /** The attempt is over: hands on what is left. */
  close(): void {
    const left = this.#line;
    this.#line = [];
    for (const event of left) this.#hand(event);
  }

  #advance(): void {
    for (let next = this.#line[0]; next; next = this.#line[0]) {
      const key = this.#keyOf(next.body);
      if (key && !this.#stored.has(key)) return void this.#await(next, key);
      this.#line.shift();
      this.#hand(next);
    }
  }

  async #await(event: Waiting, key: CheckpointKey): Promise<void> {
    await this.#stored.settled(key);
    if (this.#line[0] !== event) return;
    this.#line.shift();
    this.#hand(event);
    this.#advance();
  }

  #hand({ body, live }: Waiting): void {
    const key = this.#keyOf(body);
    const isElsewhere = key !== undefined && !this.#stored.has(key);
    const whole = isElsewhere && body.kind === "checkpoint" && live ? { state: live() } : {};
    this.#writer.append({ ...body, ...whole }, live);
  }

  /** The checkpoint whose state an event leaves to the saver. */
  #keyOf(body: RunEventBody): CheckpointKey | undefined {
    if (body.kind !== "checkpoint" || body.state !== undefined) return undefined;
    const { ns, checkpoint_id } = body;
    return { thread_id: this.#threadId, checkpoint_ns: ns.join("|"), checkpoint_id };
  }
}
