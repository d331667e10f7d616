import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { LiveEvent } from "../bus/port.ts";
import type { FrameQuery } from "../context.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import type { TaskNote } from "../domain/event.ts";
import { type CheckpointEvent, stateOf } from "./checkpoint-state.ts";
import { isWithin, type Part, withNamespace } from "./frame-parts.ts";
import { MessageFrames } from "./message-frames.ts";

export interface RunAddress {
  run_id: string;
  thread_id: string;
}

/** What is wanted of a run's events. */
export type FrameModes = Omit<FrameQuery, "after" | "signal">;

/** Events that are sent as they are, by the mode they are sent in. */
const PLAIN_MODES = { custom: "custom", inline: "values", event: "events" } as const;

const isPlain = (event: LiveEvent): event is LiveEvent & { kind: keyof typeof PLAIN_MODES } =>
  Object.hasOwn(PLAIN_MODES, event.kind);

/** Makes the frames of a run in some modes, from its events in their order. */
export class FrameMaker {
  readonly #run: RunAddress;
  readonly #modes: ReadonlySet<string>;
  readonly #subgraphs: boolean;
  readonly #namespaces: FrameQuery["namespaces"];
  readonly #saver: BaseCheckpointSaver;
  readonly #messages: MessageFrames;
  /** The newest checkpoint of each namespace, and the update said last, which task events refer to. */
  readonly #checkpoints = new Map<string, CheckpointEvent>();
  #update: Json = null;

  constructor(run: RunAddress, query: FrameModes, saver: BaseCheckpointSaver) {
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
      case "feedback":
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
      parts.push(
        ...this.#described(
          "checkpoints",
          { event, at: event },
          this.#checkpointPayload(event, state),
        ),
      );
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
    // Taken now: others may go on with the events that follow while this one waits for a state.
    const at = this.#checkpoints.get(event.ns.join("|"));
    const { id, name, interrupts } = event;
    if (event.kind === "task_result") {
      const said = isJsonObject(this.#update) ? (this.#update[name] ?? {}) : {};
      const result = event.result ?? said;
      return this.#described("tasks", { event, at }, { id, name, result, interrupts });
    }
    const { triggers, metadata } = event;
    const input = await this.#input(event, at);
    const more = metadata === undefined ? {} : { metadata };
    const payload = { id, name, input, triggers, interrupts, ...more };
    return this.#described("tasks", { event, at }, payload);
  }

  async #input({ input }: TaskNote, at: CheckpointEvent | undefined): Promise<Json> {
    if ("value" in input) return input.value;
    return pick((at && (await stateOf(this.#saver, this.#run, at))) ?? {}, input.keys);
  }

  /** A payload in its own mode, and in `debug`, which adds step, type and time. */
  #described(
    mode: "checkpoints" | "tasks",
    { event, at }: { event: LiveEvent & { ns: string[] }; at: CheckpointEvent | undefined },
    payload: JsonObject,
  ): Part[] {
    const { ns, kind } = event;
    const parts: Part[] = [];
    if (this.#wants(mode, ns)) parts.push([withNamespace(mode, ns), JSON.stringify(payload)]);
    if (!this.#wants("debug", ns)) return parts;
    const step = stepOf(at) + (kind === "checkpoint" ? 0 : 1);
    const timestamp = new Date(at?.at ?? 0).toISOString();
    const debug = { step, type: kind, timestamp, payload };
    return [...parts, [withNamespace("debug", ns), JSON.stringify(debug)]];
  }
}

type NoticeKind = "attempt" | "feedback" | "error" | "end";

/** What every client is told, whatever modes it asked for. */
function notice(run_id: string, event: LiveEvent & { kind: NoticeKind }): Part {
  switch (event.kind) {
    case "attempt":
      return ["metadata", JSON.stringify({ run_id, attempt: event.attempt })];
    case "feedback":
      return ["feedback", JSON.stringify(event.urls)];
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
