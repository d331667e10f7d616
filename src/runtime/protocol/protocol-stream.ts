import type { LiveEvent } from "../../bus/port.ts";
import type { ProtocolQuery } from "../../context.ts";
import { isWanted, type ProtocolEvent, threadSeq } from "../../domain/protocol.ts";
import type { Run } from "../../domain/run.ts";
import type { Draft } from "./draft.ts";
import type { RunProtocol } from "./run-protocol.ts";

/** Gives the drafts of a run their places in its thread, and picks those that a client wants. */
export class ProtocolStream {
  readonly #protocol: RunProtocol;
  readonly #wants: ProtocolQuery["wants"];
  readonly #since: number;
  #startedAt: number;
  #timestamp: number;
  #isStarted = false;

  constructor(run: Pick<Run, "updated_at">, protocol: RunProtocol, query: ProtocolQuery) {
    this.#protocol = protocol;
    this.#wants = query.wants;
    this.#since = query.since ?? 0;
    // A run that ended before anything of it was executed has no time of its own.
    this.#startedAt = this.#timestamp = run.updated_at;
  }

  async take(event: LiveEvent): Promise<ProtocolEvent[]> {
    this.#observe(event);
    const events: ProtocolEvent[] = [];
    for (const [part, draft] of this.#protocol.take(event).entries()) {
      const seq = threadSeq(this.#startedAt, { seq: event.seq, part });
      if (seq <= this.#since || !this.#isWanted(draft)) continue;
      const data = typeof draft.data === "function" ? await draft.data() : draft.data;
      if (data === undefined) continue;
      const { method, namespace, node } = draft;
      const params = {
        namespace: [...namespace],
        timestamp: this.#timestamp,
        ...(node === undefined ? {} : { node }),
        data,
      };
      events.push({ type: "event", event_id: `${seq}.${part}`, seq, method, params });
    }
    return events;
  }

  #observe(event: LiveEvent): void {
    if (event.kind !== "attempt" && event.kind !== "checkpoint") return;
    this.#timestamp = event.at;
    if (!this.#isStarted && event.kind === "attempt") this.#startedAt = event.at;
    this.#isStarted = true;
  }

  #isWanted({ method, channel = method, namespace }: Draft): boolean {
    return this.#wants.some((subscription) => isWanted(subscription, channel, namespace));
  }
}
