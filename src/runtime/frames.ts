import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Bus, LiveEvent } from "../bus/port.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import type { Frame, FrameQuery, ProtocolBatch, ProtocolQuery, Streams } from "../context.ts";
import type { ProtocolEvent } from "../domain/protocol.ts";
import type { Run } from "../domain/run.ts";
import { MessageFrames } from "./message-frames.ts";
import { isWithin, type Part, withNamespace } from "./frame-parts.ts";
import { type CheckpointEvent, stateOf } from "./checkpoint-state.ts";
import { ProtocolStream } from "./protocol/protocol-stream.ts";
import { RunProtocol } from "./protocol/run-protocol.ts";

/** Frames are handed on in pieces of about so many characters: what a slow reader holds in memory. */
const PIECE = 64 * 1024;

interface RunAddress {
  run_id: string;
  thread_id: string;
}

/** Derives the frames of a run from its record: the same frames, with the same ids, live and on replay. */
export class RunStreams implements Streams {
  readonly #bus: Bus;
  readonly #saver: BaseCheckpointSaver;

  constructor(bus: Bus, saver: BaseCheckpointSaver) {
    this.#bus = bus;
    this.#saver = saver;
  }

  async *frames(run: RunAddress, query: FrameQuery): AsyncGenerator<Frame[], void> {
    const maker = new FrameMaker(run, query, this.#saver);
    const seen = parseId(query.after);
    let next = 1;
    for await (const batch of this.#bus.follow(run.run_id, { after: 0, signal: query.signal })) {
      let frames: Frame[] = [];
      let size = 0;
      for (const event of batch) {
        if (event.seq > next && next > seen.seq) frames.push(expired(event.seq - 1));
        next = event.seq + 1;
        const isSeen = event.seq < seen.seq || (event.seq === seen.seq && seen.part === undefined);
        const parts = await maker.parts(event, isSeen);
        if (isSeen) continue;
        const skip = event.seq === seen.seq ? (seen.part ?? -1) + 1 : 0;
        for (const frame of number(parts, event.seq).slice(skip)) {
          frames.push(frame);
          size += frame.data.length;
        }
        if (size < PIECE) continue;
        yield frames;
        frames = [];
        size = 0;
      }
      if (frames.length > 0) yield frames;
    }
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

/** Says that events of the run are no longer kept, instead of leaving them out silently. */
const expired = (seq: number): Frame => ({
  id: String(seq),
  event: "error",
  data: JSON.stringify({
    error: "EventsExpired",
    message: "Earlier events of this run are no longer kept",
  }),
});

/** "12" is all of event 12, "12.0" only the first of the frames it makes. */
function parseId(id: string | undefined): { seq: number; part: number | undefined } {
  const match = /^(?<seq>\d+)(?:\.(?<part>\d+))?$/.exec(id ?? "");
  const { seq, part } = match?.groups ?? {};
  return { seq: Number(seq ?? 0), part: part === undefined ? undefined : Number(part) };
}

function number(parts: Part[], seq: number): Frame[] {
  return parts.map(([event, data], part) => ({
    id: part === parts.length - 1 ? String(seq) : `${seq}.${part}`,
    event,
    data,
  }));
}

/** Events that are sent as they are, by the mode they are sent in. */
const PLAIN_MODES = { custom: "custom", inline: "values", event: "events" } as const;

const isPlain = (event: LiveEvent): event is LiveEvent & { kind: keyof typeof PLAIN_MODES } =>
  Object.hasOwn(PLAIN_MODES, event.kind);

class FrameMaker {
  readonly #run: RunAddress;
  readonly #modes: ReadonlySet<string>;
  readonly #subgraphs: boolean;
  readonly #namespaces: FrameQuery["namespaces"];
  readonly #saver: BaseCheckpointSaver;
  readonly #messages: MessageFrames;
  /** The newest checkpoint of each namespace, and the update said last, which task events refer to. */
  readonly #checkpoints = new Map<string, CheckpointEvent>();
  #update: Json = null;

  constructor(run: RunAddress, query: FrameQuery, saver: BaseCheckpointSaver) {
    this.#run = run;
    this.#modes = new Set(query.modes);
    this.#subgraphs = query.subgraphs;
    this.#namespaces = query.namespaces;
    this.#saver = saver;
    this.#messages = new MessageFrames(query);
  }

  /** The frames of one event; a seen one only leaves its traces in later frames. */
  parts(event: LiveEvent, isSeen: boolean): Part[] | Promise<Part[]> {
    if (isPlain(event)) return this.#plain(PLAIN_MODES[event.kind], event);
    switch (event.kind) {
      case "message":
      case "text":
      case "chunk":
        return this.#messages.parts(event);
      case "updates":
        this.#update = event.data;
        return [...this.#plain("updates", event), ...this.#messages.whole(event)];
      case "tool":
        // As with messages, the last part of the namespace is the node that called the tool.
        return this.#plain("tools", { ns: event.ns.slice(0, -1), data: event.data });
      case "checkpoint":
        this.#checkpoints.set(event.ns.join("|"), event);
        return this.#checkpoint(event, isSeen);
      case "task":
      case "task_result":
        return this.#task(event, isSeen);
      case "attempt":
      case "error":
      case "end":
        return [notice(this.#run.run_id, event)];
    }
  }

  #wants(mode: string, ns: string[]): boolean {
    return (
      this.#modes.has(mode) &&
      (this.#subgraphs || ns.length === 0) &&
      isWithin(ns, this.#namespaces)
    );
  }

  #plain(mode: string, { ns = [], data }: { ns?: string[]; data: Json }): Part[] {
    return this.#wants(mode, ns) ? [[withNamespace(mode, ns), JSON.stringify(data)]] : [];
  }

  async #checkpoint(event: CheckpointEvent, isSeen: boolean): Promise<Part[]> {
    const { ns, keys } = event;
    const parts: Part[] = [];
    if (isSeen) return parts;
    const wantsValues = keys !== null && this.#wants("values", ns);
    const wantsWhole = this.#wants("checkpoints", ns) || this.#wants("debug", ns);
    if (!wantsValues && !wantsWhole) return parts;
    const state = await stateOf(this.#saver, this.#run, event);
    if (state === undefined) return parts;
    if (wantsValues) parts.push([withNamespace("values", ns), JSON.stringify(pick(state, keys))]);
    if (wantsWhole)
      parts.push(...this.#described("checkpoints", event, this.#checkpointPayload(event, state)));
    return parts;
  }

  #checkpointPayload(event: CheckpointEvent, values: JsonObject): JsonObject {
    const place = { thread_id: this.#run.thread_id, checkpoint_ns: event.ns.join("|") };
    const checkpoint = { ...place, checkpoint_id: event.checkpoint_id };
    const parent = event.parent_id === null ? null : { ...place, checkpoint_id: event.parent_id };
    return {
      config: { configurable: checkpoint },
      parent_config: parent && { configurable: parent },
      values: pick(values, Object.keys(values).toSorted()),
      metadata: event.metadata,
      next: event.next,
      tasks: event.tasks,
      checkpoint,
      parent_checkpoint: parent,
    };
  }

  async #task(
    event: LiveEvent & { kind: "task" | "task_result" },
    isSeen: boolean,
  ): Promise<Part[]> {
    if (isSeen) return [];
    if (!this.#wants("tasks", event.ns) && !this.#wants("debug", event.ns)) return [];
    const { id, name, interrupts } = event;
    if (event.kind === "task_result") {
      const said = isJsonObject(this.#update) ? (this.#update[name] ?? {}) : {};
      return this.#described("tasks", event, {
        id,
        name,
        result: event.result ?? said,
        interrupts,
      });
    }
    const { triggers, metadata } = event;
    const input = await this.#input(event);
    const more = metadata === undefined ? {} : { metadata };
    return this.#described("tasks", event, { id, name, input, triggers, interrupts, ...more });
  }

  async #input({ ns, input }: LiveEvent & { kind: "task" }): Promise<Json> {
    if ("value" in input) return input.value;
    const at = this.#checkpoints.get(ns.join("|"));
    return pick((at && (await stateOf(this.#saver, this.#run, at))) ?? {}, input.keys);
  }

  /** A payload in its own mode, and in `debug`, which adds step, type and time. */
  #described(
    mode: "checkpoints" | "tasks",
    event: LiveEvent & { ns: string[] },
    payload: JsonObject,
  ): Part[] {
    const { ns, kind } = event;
    const parts: Part[] = [];
    if (this.#wants(mode, ns)) parts.push([withNamespace(mode, ns), JSON.stringify(payload)]);
    if (!this.#wants("debug", ns)) return parts;
    const at = this.#checkpoints.get(ns.join("|"));
    const step = stepOf(at) + (kind === "checkpoint" ? 0 : 1);
    const timestamp = new Date(at?.at ?? 0).toISOString();
    const debug = { step, type: kind, timestamp, payload };
    return [...parts, [withNamespace("debug", ns), JSON.stringify(debug)]];
  }
}

/** What every client is told, whatever modes it asked for. */
function notice(run_id: string, event: LiveEvent & { kind: "attempt" | "error" | "end" }): Part {
  switch (event.kind) {
    case "attempt":
      return ["metadata", JSON.stringify({ run_id, attempt: event.attempt })];
    case "error":
      return ["error", JSON.stringify({ error: event.error, message: event.message })];
    case "end":
      return ["end", JSON.stringify({ run_id, status: event.status })];
  }
}

function stepOf(event: CheckpointEvent | undefined): number {
  const step = isJsonObject(event?.metadata) ? event.metadata["step"] : undefined;
  return typeof step === "number" ? step : -1;
}

function pick(state: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(
    keys.flatMap((key) => (key in state ? [[key, state[key] ?? null]] : [])),
  );
}
