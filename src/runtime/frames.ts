import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Bus } from "../bus/port.ts";
import type { JsonObject } from "../core/json.ts";
import type { Frame, FrameQuery, ProtocolBatch, ProtocolQuery, Streams } from "../context.ts";
import type { ProtocolEvent } from "../domain/protocol.ts";
import type { Run } from "../domain/run.ts";
import { stateOf } from "./checkpoint-state.ts";
import { FrameMaker, type FrameModes, type RunAddress } from "./frame-maker.ts";
import { FrameReader } from "./frame-reader.ts";
import { ProtocolStream } from "./protocol/protocol-stream.ts";
import { RunProtocol } from "./protocol/run-protocol.ts";
import { SharedFrames } from "./shared-frames.ts";

/** Frames are handed on in pieces of about so many characters: what a slow reader holds in memory. */
const PIECE = 64 * 1024;

/** Derives the frames of a run from its record: the same frames, with the same ids, live and on replay. */
export class RunStreams implements Streams {
  readonly #bus: Bus;
  readonly #saver: BaseCheckpointSaver;
  /** What the followers of a run share, by run and modes. */
  readonly #shared = new Map<string, SharedFrames>();

  constructor(bus: Bus, saver: BaseCheckpointSaver) {
    this.#bus = bus;
    this.#saver = saver;
  }

  async *frames(
    run: RunAddress,
    { after: start, signal, ...modes }: FrameQuery,
  ): AsyncGenerator<Frame[], void> {
    const key = JSON.stringify([run.run_id, modes]);
    const shared = this.#shared.get(key) ?? new SharedFrames(() => this.#maker(run, modes));
    this.#shared.set(key, shared);
    shared.readers++;
    try {
      const reader = new FrameReader(shared, { after: start, isAlone: false });
      if (yield* this.#read(run.run_id, { reader, signal })) return;
      const alone = new FrameReader(shared, { after: reader.after, isAlone: true });
      yield* this.#read(run.run_id, { reader: alone, signal });
    } finally {
      shared.readers--;
      if (shared.readers === 0) this.#shared.delete(key);
    }
  }

  /** Hands on what a reader gets; false when it has to begin again, with what it has had. */
  async *#read(
    runId: string,
    { reader, signal }: { reader: FrameReader; signal: AbortSignal },
  ): AsyncGenerator<Frame[], boolean> {
    for await (const batch of this.#bus.follow(runId, { after: 0, signal })) {
      let frames: Frame[] = [];
      let size = 0;
      for (const event of batch) {
        const got = await reader.take(event);
        for (const frame of got ?? []) {
          frames.push(frame);
          size += frame.data.length;
        }
        if (got !== undefined && size < PIECE) continue;
        if (frames.length > 0) yield frames;
        if (got === undefined) return false;
        frames = [];
        size = 0;
      }
      if (frames.length > 0) yield frames;
    }
    return true;
  }

  #maker(run: RunAddress, modes: FrameModes): FrameMaker {
    return new FrameMaker(run, modes, this.#saver);
  }

  async *protocol(run: Run, query: ProtocolQuery): AsyncGenerator<ProtocolBatch, void> {
    const stream = new ProtocolStream(run, this.#protocolOf(run), query);
    for await (const batch of this.#bus.follow(run.run_id, { after: 0, signal: query.signal })) {
      const events: ProtocolEvent[] = [];
      for (const event of batch) events.push(...(await stream.take(event)));
      if (events.length > 0) yield { run, seq: batch.at(-1)?.seq ?? 0, events };
    }
  }

  async tree(run: Run): Promise<JsonObject | undefined> {
    const protocol = this.#protocolOf(run);
    for await (const batch of this.#bus.kept(run.run_id))
      for (const event of batch) protocol.take(event);
    return protocol.tree();
  }

  #protocolOf(run: Run): RunProtocol {
    return new RunProtocol(run.graph_id, { state: (event) => stateOf(this.#saver, run, event) });
  }
}
