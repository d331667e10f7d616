import { AIMessageChunk } from "@langchain/core/messages";
import type { LiveEvent } from "../bus/port.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import type { FrameModes } from "./frame-maker.ts";
import { isWithin, type Part, withNamespace } from "./frame-parts.ts";
import { messageDict } from "./wire.ts";

interface Message {
  head: JsonObject;
  metadata: string;
  ns: string[];
  /** Text of a chunk that carries only text, before and after the text itself. */
  before: string;
  after: string;
  /** All chunks so far, for clients that want the message as it grows. */
  grown: AIMessageChunk | undefined;
}

/** Frames of the modes `messages-tuple` (each chunk) and `messages` (the message as it grows). */
export class MessageFrames {
  readonly #isTuple: boolean;
  readonly #isGrowing: boolean;
  readonly #subgraphs: boolean;
  readonly #namespaces: FrameModes["namespaces"];
  readonly #messages = new Map<number, Message>();
  /** Ids of messages sent in part, until they are sent whole. */
  readonly #partial = new Set<string>();

  constructor({ modes, subgraphs, namespaces }: FrameModes) {
    this.#isTuple = modes.includes("messages-tuple");
    this.#isGrowing = modes.includes("messages");
    this.#subgraphs = subgraphs;
    this.#namespaces = namespaces;
  }

  parts(event: LiveEvent & { kind: "message" | "text" | "chunk" }): Part[] {
    switch (event.kind) {
      case "message":
        return this.#first(event);
      case "text":
        return this.#text(event);
      case "chunk":
        return this.#chunk(event);
    }
  }

  #first(event: LiveEvent & { kind: "message" }): Part[] {
    const { message: head, ns } = event;
    if ((!this.#isTuple && !this.#isGrowing) || !isWithin(ns, this.#namespaces)) return [];
    const isPart = head["type"] === "AIMessageChunk";
    const message: Message = {
      head,
      ns,
      metadata: JSON.stringify(event.metadata),
      ...template(head),
      grown: isPart && this.#isGrowing ? chunkOf(head) : undefined,
    };
    this.#messages.set(event.m, message);
    const parts: Part[] = [];
    if (this.#isTuple) parts.push(this.#tuple(message, JSON.stringify(head)));
    if (this.#isGrowing) {
      const about = `{${JSON.stringify(idOf(head))}:{"metadata":${message.metadata}}}`;
      parts.push([this.#name("messages/metadata", ns), about]);
      parts.push(
        isPart
          ? this.#grown(message)
          : [this.#name("messages/complete", ns), JSON.stringify([head])],
      );
    }
    return parts;
  }

  #text(event: LiveEvent & { kind: "text" }): Part[] {
    const message = this.#messages.get(event.m);
    if (!message) return [];
    const parts: Part[] = [];
    if (this.#isTuple) {
      parts.push(
        this.#tuple(message, `${message.before}${JSON.stringify(event.text)}${message.after}`),
      );
    }
    if (message.grown) {
      message.grown = message.grown.concat(new AIMessageChunk({ content: event.text }));
      parts.push(this.#grown(message));
    }
    return parts;
  }

  #chunk(event: LiveEvent & { kind: "chunk" }): Part[] {
    const message = this.#messages.get(event.m);
    if (!message) return [];
    const parts: Part[] = [];
    if (this.#isTuple) {
      parts.push(this.#tuple(message, JSON.stringify({ ...bare(message.head), ...event.message })));
    }
    if (message.grown) {
      message.grown = message.grown.concat(chunkOf(event.message));
      parts.push(this.#grown(message));
    }
    return parts;
  }

  /** Messages that were sent in part, as the update of their node holds them. */
  whole({ ns, data }: { ns: string[]; data: Json }): Part[] {
    if (this.#partial.size === 0) return [];
    const whole = messagesIn(data).filter((message) => this.#partial.delete(idOf(message)));
    return whole.length === 0 ? [] : [[this.#name("messages/complete", ns), JSON.stringify(whole)]];
  }

  #tuple(message: Message, json: string): Part {
    return [this.#name("messages", message.ns), `[${json},${message.metadata}]`];
  }

  #grown(message: Message): Part {
    const { grown, ns } = message;
    const dict = grown ? { ...messageDict(grown), type: "ai" } : message.head;
    this.#partial.add(idOf(message.head));
    return [this.#name("messages/partial", ns), JSON.stringify([dict])];
  }

  /** Messages of subgraphs are always sent, as LangGraph does; only their names tell them apart. */
  #name(event: string, ns: string[]): string {
    return this.#subgraphs ? withNamespace(event, ns) : event;
  }
}

const idOf = ({ id }: JsonObject): string => (typeof id === "string" ? id : "");

/** The parts of a first chunk that every later chunk of the message repeats, empty where chunks differ. */
function bare(head: JsonObject): JsonObject {
  const { id, type, name: speaker } = head;
  return {
    id: id ?? null,
    type: type ?? null,
    ...(speaker === undefined ? {} : { name: speaker }),
    tool_calls: [],
    invalid_tool_calls: [],
    tool_call_chunks: [],
    additional_kwargs: {},
    response_metadata: {},
  };
}

function template(head: JsonObject): { before: string; after: string } {
  return { before: '{"content":', after: `,${JSON.stringify(bare(head)).slice(1)}` };
}

// The dict was made from an AIMessageChunk of the same fields.
const chunkOf = (dict: JsonObject): AIMessageChunk => new AIMessageChunk(dict);

/** Message dicts in the update of a node: single, or in lists. */
function messagesIn(update: Json): JsonObject[] {
  if (!isJsonObject(update)) return [];
  return Object.values(update)
    .filter(isJsonObject)
    .flatMap((values) => Object.values(values).flat())
    .filter(
      (value): value is JsonObject =>
        isJsonObject(value) && typeof value["id"] === "string" && "content" in value,
    );
}
