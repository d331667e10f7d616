import type { EventWriter } from "../bus/port.ts";
import type { Clock } from "../core/clock.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { TaskNote } from "../domain/event.ts";
import {
  type CheckpointPayload,
  type ChunkMessage,
  type GraphChunk,
  emptyPart,
  hasInterrupt,
  isOnlyText,
  isSameState,
  slim,
  type TaskPayload,
  type TaskResultPayload,
} from "./graph-chunks.ts";
import { isChunk, type KnownDicts, messageDict, toJson } from "./wire.ts";

export interface RecorderOptions {
  /** Keeps the message numbers of a later attempt apart from those of an earlier one. */
  attempt: number;
  clock: Clock;
  dicts: KnownDicts;
  /** Whether every checkpoint is stored as it is made (not so under durability `exit`). */
  isStored: boolean;
}

interface OpenMessage {
  m: number;
  metadata: unknown;
  /** Response metadata of the first chunk. */
  said: object;
}

/** Turns the chunks of one attempt into the canonical record of the run. */
export class Recorder {
  readonly #writer: Pick<EventWriter, "append">;
  readonly #options: RecorderOptions;
  readonly #messages = new Map<string, OpenMessage>();
  /** The newest state of each namespace, to note task inputs as parts of it. */
  readonly #states = new Map<string, object>();
  #count: number;
  /** States whose checkpoint has not come yet, by namespace. */
  readonly #held = new Map<string, { ns: string[]; payload: unknown }>();
  #update: { ns: string[]; payload: unknown } | undefined;
  /** True once a root node has interrupted the graph. */
  isInterrupted = false;

  constructor(writer: Pick<EventWriter, "append">, options: RecorderOptions) {
    this.#writer = writer;
    this.#options = options;
    this.#count = (options.attempt - 1) * 1_000_000;
  }

  take([rawNs, mode, payload]: GraphChunk): void {
    const ns = rawNs.filter((part) => part !== "");
    if (mode === "checkpoints") return this.#checkpoint(ns, payload as CheckpointPayload);
    // It may come in between a state and its checkpoint.
    if (mode === "events") return this.#writer.append({ kind: "event", data: plainEvent(payload) });
    this.#release(keyOf(ns));
    if (mode === "messages") return this.#message(ns, payload as [ChunkMessage, unknown]);
    if (mode === "values") return this.#values(ns, payload);
    if (mode === "tasks") return this.#task(ns, payload as TaskPayload | TaskResultPayload);
    if (mode === "custom")
      return this.#writer.append({ kind: "custom", ns, data: toJson(payload) });
    if (mode === "tools") return this.#writer.append({ kind: "tool", ns, data: toJson(payload) });
    return this.#updates(ns, payload);
  }

  /** Writes all held values out: no checkpoint will come for them. */
  close(): void {
    for (const key of this.#held.keys()) this.#release(key);
  }

  #release(key: string): void {
    const held = this.#held.get(key);
    if (!held) return;
    this.#held.delete(key);
    this.#writer.append({ kind: "inline", ns: held.ns, data: toJson(held.payload) });
  }

  /** LangGraph sends a state's checkpoint right after the state itself, so the state waits for it. */
  #values(ns: string[], payload: unknown): void {
    this.#held.set(keyOf(ns), { ns, payload });
    if (hasInterrupt(payload) || typeof payload !== "object" || payload === null)
      this.#release(keyOf(ns));
  }

  #updates(ns: string[], payload: unknown): void {
    if (ns.length === 0 && hasInterrupt(payload)) this.isInterrupted = true;
    this.#update = { ns, payload };
    this.#writer.append({ kind: "updates", ns, data: toJson(payload) });
  }

  #checkpoint(ns: string[], payload: CheckpointPayload): void {
    const key = keyOf(ns);
    const held = this.#held.get(key);
    this.#held.delete(key);
    const { values, config, parentConfig } = payload;
    const state = typeof values === "object" && values !== null ? values : {};
    this.#states.set(key, state);
    const note = {
      checkpoint_id: config.configurable?.checkpoint_id ?? "",
      parent_id: parentConfig?.configurable?.checkpoint_id ?? null,
      at: this.#options.clock.now(),
      metadata: toJson(payload.metadata),
      next: payload.next,
      tasks: toJson(payload.tasks),
      keys: held ? Object.keys(held.payload as object) : null,
    };
    const whole = once(() => toJson(state, this.#options.dicts));
    const isStored = this.#options.isStored && note.checkpoint_id !== "";
    const kept = isStored ? emptyPart(state) : { state: whole() };
    this.#writer.append({ kind: "checkpoint", ns, ...note, ...kept }, whole);
  }

  #task(ns: string[], payload: TaskPayload | TaskResultPayload): void {
    const { id, name } = payload;
    const interrupts = toJson(payload.interrupts);
    if ("result" in payload) {
      const isSaid = this.#isLastUpdate(ns, payload);
      const result = isSaid ? {} : { result: toJson(payload.result) };
      return this.#writer.append({ kind: "task_result", ns, id, name, interrupts, ...result });
    }
    const input = this.#inputOf(ns, payload.input);
    const metadata = payload.metadata === undefined ? {} : { metadata: toJson(payload.metadata) };
    const triggers = toJson(payload.triggers);
    return this.#writer.append({
      kind: "task",
      ns,
      id,
      name,
      triggers,
      interrupts,
      input,
      ...metadata,
    });
  }

  #isLastUpdate(ns: string[], { name, result }: TaskResultPayload): boolean {
    const update = this.#update;
    if (!update || keyOf(update.ns) !== keyOf(ns)) return false;
    const said = (update.payload as Record<string, unknown>)[name];
    return isSameState(said, result) && isSameState(result, said);
  }

  #inputOf(ns: string[], input: unknown): TaskNote["input"] {
    const state = this.#states.get(keyOf(ns));
    if (state && isSameState(input, state)) return { keys: Object.keys(input as object) };
    return { value: toJson(input) };
  }

  #message(rawNs: string[], [message, metadata]: [ChunkMessage, unknown]): void {
    const id = message.id ?? "";
    const open = this.#messages.get(id);
    if (open && open.metadata === metadata && isChunk(message)) {
      const { m } = open;
      if (isOnlyText(message, open.said)) {
        if (message.content !== "") this.#writer.append({ kind: "text", m, text: message.content });
      } else this.#writer.append({ kind: "chunk", m, message: slim(messageDict(message)) });
      return;
    }
    const m = ++this.#count;
    this.#messages.set(id, { m, metadata, said: message.response_metadata });
    this.#writer.append({
      kind: "message",
      // The last part of the namespace is the node that spoke; what is before it is the subgraph's.
      ns: rawNs.slice(0, -1),
      m,
      message: messageDict(message),
      // The metadata of a model call is an object of plain values.
      metadata: toJson(metadata) as JsonObject,
    });
  }
}

/** What runs in a graph may tell things that JSON cannot hold; then the event itself is kept. */
function plainEvent(payload: unknown): Json {
  try {
    return toJson(payload);
  } catch {
    return toJson({ ...(payload as object), data: {} });
  }
}

const keyOf = (ns: readonly string[]): string => ns.join("|");

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
