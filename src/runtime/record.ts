import type { EventWriter } from "../bus/port.ts";
import type { Json, JsonObject } from "../core/json.ts";
import { isChunk, messageDict, toJson } from "./wire.ts";

/** What `graph.stream` yields with several modes and subgraphs on. */
export type GraphChunk = [ns: string[], mode: string, payload: unknown];

/** The modes every run is executed with; what clients see is derived from their record. */
export const RECORDED_MODES = ["values", "updates", "messages", "custom", "checkpoints"] as const;

interface ChunkMessage {
  id?: string;
  content: unknown;
  tool_call_chunks?: unknown[];
  usage_metadata?: unknown;
  additional_kwargs: object;
  response_metadata: object;
  toDict(): { type: string; data: object };
}

interface OpenMessage {
  m: number;
  metadata: unknown;
}

interface HeldValues {
  ns: string[];
  payload: unknown;
}

/** Turns the chunks of one attempt into the canonical record of the run. */
export class Recorder {
  readonly #writer: EventWriter;
  readonly #messages = new Map<string, OpenMessage>();
  #count: number;
  #held: HeldValues | undefined;
  /** True once a root node has interrupted the graph. */
  isInterrupted = false;

  /** `attempt` keeps message numbers of a later attempt apart from those of an earlier one. */
  constructor(writer: EventWriter, attempt: number) {
    this.#writer = writer;
    this.#count = (attempt - 1) * 1_000_000;
  }

  take([rawNs, mode, payload]: GraphChunk): void {
    const ns = rawNs.filter((part) => part !== "");
    if (mode === "checkpoints") return this.#checkpoint(ns, payload);
    this.release();
    if (mode === "messages") return this.#message(ns, payload as [ChunkMessage, unknown]);
    if (mode === "values") return this.#values(ns, payload);
    if (mode === "custom")
      return this.#writer.append({ kind: "custom", ns, data: toJson(payload) });
    if (ns.length === 0 && hasInterrupt(payload)) this.isInterrupted = true;
    return this.#writer.append({ kind: "updates", ns, data: toJson(payload) });
  }

  /** Writes held values out in full, when no checkpoint came that holds them. */
  release(): void {
    if (!this.#held) return;
    const { ns, payload } = this.#held;
    this.#held = undefined;
    this.#writer.append({ kind: "inline", ns, data: toJson(payload) });
  }

  /** LangGraph sends a state's checkpoint right after the state itself, so the state waits for it. */
  #values(ns: string[], payload: unknown): void {
    this.#held = { ns, payload };
    if (hasInterrupt(payload) || typeof payload !== "object" || payload === null) this.release();
  }

  #checkpoint(ns: string[], payload: unknown): void {
    const held = this.#held;
    if (!held || held.ns.join("|") !== ns.join("|")) return;
    const id = checkpointId(payload);
    if (id === undefined) return this.release();
    this.#held = undefined;
    const state = held.payload as object;
    this.#writer.append(
      { kind: "values", ns, checkpoint_id: id, keys: Object.keys(state) },
      once(() => toJson(state)),
    );
  }

  #message(rawNs: string[], [message, metadata]: [ChunkMessage, unknown]): void {
    const id = message.id ?? "";
    const open = this.#messages.get(id);
    if (open && open.metadata === metadata && isChunk(message)) {
      const { m } = open;
      if (isOnlyText(message)) {
        if (message.content !== "") this.#writer.append({ kind: "text", m, text: message.content });
      } else this.#writer.append({ kind: "chunk", m, message: slim(messageDict(message)) });
      return;
    }
    const m = ++this.#count;
    this.#messages.set(id, { m, metadata });
    // The last part of the namespace is the node that spoke; what is before it is the subgraph's.
    this.#writer.append({
      kind: "message",
      ns: rawNs.slice(0, -1),
      m,
      message: messageDict(message),
      metadata: toJson(metadata) as JsonObject,
    });
  }
}

const hasInterrupt = (payload: unknown): boolean =>
  typeof payload === "object" && payload !== null && Object.hasOwn(payload, "__interrupt__");

function checkpointId(payload: unknown): string | undefined {
  const { config } = payload as { config?: { configurable?: { checkpoint_id?: unknown } } };
  const id = config?.configurable?.checkpoint_id;
  return typeof id === "string" ? id : undefined;
}

const isEmpty = (value: object): boolean => {
  for (const _ in value) return false;
  return true;
};

function isOnlyText(message: ChunkMessage): message is ChunkMessage & { content: string } {
  return (
    typeof message.content === "string" &&
    !message.tool_call_chunks?.length &&
    message.usage_metadata === undefined &&
    isEmpty(message.additional_kwargs) &&
    isEmpty(message.response_metadata)
  );
}

/** A chunk without its empty parts, which the reader fills in again. */
function slim(message: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(message).filter(([key, value]) => key === "content" || !isHollow(value)),
  );
}

const isHollow = (value: Json): boolean =>
  value === null || (typeof value === "object" && isEmpty(value));

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
