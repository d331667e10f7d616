import { AIMessageChunk } from "@langchain/core/messages";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { Bus, LiveEvent } from "../bus/port.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import type { Frame, FrameQuery, Streams } from "../context.ts";
import { stateValues } from "./states.ts";
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

type Part = [event: string, data: string];

/** Derives the frames of a run from its record: the same frames, with the same ids, live and on replay. */
export class RunStreams implements Streams {
  readonly #bus: Bus;
  readonly #saver: BaseCheckpointSaver;

  constructor(bus: Bus, saver: BaseCheckpointSaver) {
    this.#bus = bus;
    this.#saver = saver;
  }

  async *frames(
    run: { run_id: string; thread_id: string },
    query: FrameQuery,
  ): AsyncGenerator<Frame[], void> {
    const maker = new FrameMaker(run, query, this.#saver);
    const seen = parseId(query.after);
    for await (const batch of this.#bus.follow(run.run_id, { after: 0, signal: query.signal })) {
      const frames: Frame[] = [];
      for (const event of batch) {
        const isSeen = event.seq < seen.seq || (event.seq === seen.seq && seen.part === undefined);
        const parts = await maker.parts(event, isSeen);
        if (isSeen) continue;
        const skip = event.seq === seen.seq ? (seen.part ?? -1) + 1 : 0;
        frames.push(...number(parts, event.seq).slice(skip));
      }
      if (frames.length > 0) yield frames;
    }
  }
}

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

class FrameMaker {
  readonly #run: { run_id: string; thread_id: string };
  readonly #modes: ReadonlySet<string>;
  readonly #subgraphs: boolean;
  readonly #saver: BaseCheckpointSaver;
  readonly #messages = new Map<number, Message>();
  /** Ids of messages sent in part, until they are sent whole. */
  readonly #partial = new Set<string>();

  constructor(
    run: { run_id: string; thread_id: string },
    query: FrameQuery,
    saver: BaseCheckpointSaver,
  ) {
    this.#run = run;
    this.#modes = new Set(query.modes);
    this.#subgraphs = query.subgraphs;
    this.#saver = saver;
  }

  /** The frames of one event; a seen one only leaves its traces in later frames. */
  async parts(event: LiveEvent, isSeen: boolean): Promise<Part[]> {
    switch (event.kind) {
      case "attempt":
        return [["metadata", JSON.stringify({ run_id: this.#run.run_id, attempt: event.attempt })]];
      case "message":
        return this.#first(event);
      case "text":
        return this.#text(event);
      case "chunk":
        return this.#chunk(event);
      case "updates":
        return this.#updates(event);
      case "custom":
        return this.#wants("custom", event.ns)
          ? [[name("custom", event.ns), JSON.stringify(event.data)]]
          : [];
      case "inline":
        return this.#wants("values", event.ns)
          ? [[name("values", event.ns), JSON.stringify(event.data)]]
          : [];
      case "values":
        return isSeen || !this.#wants("values", event.ns)
          ? []
          : [[name("values", event.ns), await this.#state(event)]];
      case "error":
        return [["error", JSON.stringify({ error: event.error, message: event.message })]];
      case "end":
        return [["end", JSON.stringify({ run_id: this.#run.run_id, status: event.status })]];
    }
  }

  #wants(mode: string, ns: string[]): boolean {
    return this.#modes.has(mode) && (this.#subgraphs || ns.length === 0);
  }

  #first(event: LiveEvent & { kind: "message" }): Part[] {
    const { message: head, ns } = event;
    const isPart = head["type"] === "AIMessageChunk";
    const message: Message = {
      head,
      ns,
      metadata: JSON.stringify(event.metadata),
      ...template(head),
      grown: isPart && this.#modes.has("messages") ? chunkOf(head) : undefined,
    };
    this.#messages.set(event.m, message);
    const parts: Part[] = [];
    if (this.#modes.has("messages-tuple")) parts.push(this.#tuple(message, JSON.stringify(head)));
    if (this.#modes.has("messages")) {
      const id = idOf(head);
      parts.push([
        this.#messageName("messages/metadata", ns),
        `{${JSON.stringify(id)}:{"metadata":${message.metadata}}}`,
      ]);
      parts.push(
        isPart
          ? this.#grown(message)
          : [this.#messageName("messages/complete", ns), JSON.stringify([head])],
      );
    }
    return parts;
  }

  #text(event: LiveEvent & { kind: "text" }): Part[] {
    const message = this.#messages.get(event.m);
    if (!message) return [];
    const parts: Part[] = [];
    if (this.#modes.has("messages-tuple")) {
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
    if (this.#modes.has("messages-tuple"))
      parts.push(this.#tuple(message, JSON.stringify({ ...bare(message.head), ...event.message })));
    if (message.grown) {
      message.grown = message.grown.concat(chunkOf(event.message));
      parts.push(this.#grown(message));
    }
    return parts;
  }

  #updates(event: LiveEvent & { kind: "updates" }): Part[] {
    const parts: Part[] = [];
    if (this.#wants("updates", event.ns))
      parts.push([name("updates", event.ns), JSON.stringify(event.data)]);
    const whole =
      this.#partial.size > 0
        ? messagesIn(event.data).filter((message) => this.#partial.delete(idOf(message)))
        : [];
    if (whole.length > 0)
      parts.push([this.#messageName("messages/complete", event.ns), JSON.stringify(whole)]);
    return parts;
  }

  #tuple(message: Message, json: string): Part {
    return [this.#messageName("messages", message.ns), `[${json},${message.metadata}]`];
  }

  #grown(message: Message): Part {
    const { grown, ns } = message;
    const dict = grown ? { ...messageDict(grown), type: "ai" } : message.head;
    this.#partial.add(idOf(message.head));
    return [this.#messageName("messages/partial", ns), JSON.stringify([dict])];
  }

  /** Messages of subgraphs are always sent, as LangGraph does; only their names tell them apart. */
  #messageName(event: string, ns: string[]): string {
    return this.#subgraphs ? name(event, ns) : event;
  }

  async #state(event: LiveEvent & { kind: "values" }): Promise<string> {
    if (event.state) return JSON.stringify(event.state());
    const { thread_id } = this.#run;
    const tuple = await this.#saver.getTuple({
      configurable: {
        thread_id,
        checkpoint_ns: event.ns.join("|"),
        checkpoint_id: event.checkpoint_id,
      },
    });
    return JSON.stringify(tuple ? stateValues(tuple.checkpoint.channel_values, event.keys) : null);
  }
}

const idOf = ({ id }: JsonObject): string => (typeof id === "string" ? id : "");

const name = (event: string, ns: string[]): string =>
  ns.length === 0 ? event : `${event}|${ns.join("|")}`;

/** The parts of a first chunk that every later chunk of the message repeats, empty where chunks differ. */
function bare(head: JsonObject): JsonObject {
  const { id, type, name: speaker } = head;
  const base = {
    tool_calls: [],
    invalid_tool_calls: [],
    tool_call_chunks: [],
    additional_kwargs: {},
    response_metadata: {},
  };
  return {
    id: id ?? null,
    type: type ?? null,
    ...(speaker === undefined ? {} : { name: speaker }),
    ...base,
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
