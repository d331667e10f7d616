import type { LiveEvent } from "../../bus/port.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import type { AgentStatus } from "../../domain/protocol.ts";
import type { RunStatus } from "../../domain/run.ts";
import type { Draft } from "./draft.ts";
import { Lifecycles } from "./lifecycles.ts";
import { MessageBlocks } from "./message-blocks.ts";
import { ToolEvents } from "./tool-events.ts";

type Event<Kind extends LiveEvent["kind"]> = LiveEvent & { kind: Kind };

interface OpenMessage {
  namespace: string[];
  node: string | undefined;
  blocks: MessageBlocks;
}

interface Readers {
  /** The whole state of a checkpoint; undefined when it was never stored. */
  state(event: Event<"checkpoint">): Promise<JsonObject | undefined>;
}

/**
 * Turns the record of a run into events of the protocol, in order and the same on every replay.
 * It must be given the record from its start.
 */
export class RunProtocol {
  readonly #graphName: string;
  readonly #readers: Readers;
  readonly #lifecycles = new Lifecycles();
  readonly #messages = new Map<number, OpenMessage>();
  readonly #checkpoints = new Map<string, Event<"checkpoint">>();
  readonly #asked = new Set<string>();
  readonly #tools = new ToolEvents();
  #isInterrupted = false;
  #update: Json = null;
  #error: string | undefined;

  constructor(graphName: string, readers: Readers) {
    this.#graphName = graphName;
    this.#readers = readers;
  }

  tree(): JsonObject | undefined {
    return this.#lifecycles.tree();
  }

  /** The protocol has no channel for LangChain events, nor for feedback. */
  take(event: LiveEvent): Draft[] {
    return event.kind === "event" || event.kind === "feedback" ? [] : this.#take(event);
  }

  #take(event: Exclude<LiveEvent, { kind: "event" | "feedback" }>): Draft[] {
    switch (event.kind) {
      case "attempt":
        return [...this.#broken(), ...this.#lifecycles.begin(this.#graphName)];
      case "message":
      case "text":
      case "chunk":
        return this.#spoken(event);
      case "updates":
        return this.#updates(event);
      case "checkpoint":
        return this.#checkpoint(event);
      case "inline":
        return this.#inline(event);
      case "task":
        return this.#task(event);
      case "task_result":
        return this.#taskResult(event);
      case "custom":
        return this.#custom(event);
      case "tool":
        return this.#tool(event);
      case "error":
        this.#error = event.message;
        return [];
      case "end":
        return this.#end(event.status);
    }
  }

  #spoken(event: Event<"message" | "text" | "chunk">): Draft[] {
    switch (event.kind) {
      case "message":
        return this.#message(event);
      case "text":
        return this.#more(event.m, (blocks) => blocks.text(event.text));
      case "chunk":
        return this.#more(event.m, (blocks) => blocks.add(event.message));
    }
  }

  /** What an attempt that broke off left open. */
  #broken(): Draft[] {
    const drafts = [...this.#messages.values()].flatMap((open) =>
      said(open, open.blocks.fail("The attempt was broken off")),
    );
    this.#messages.clear();
    return [...drafts, ...this.#lifecycles.endAll("failed")];
  }

  #message({ m, ns, message, metadata }: Event<"message">): Draft[] {
    const { type, id } = message;
    if (type === "tool" || type === "remove") return [];
    const { langgraph_checkpoint_ns: place, langgraph_node: node } = metadata;
    const namespace = typeof place === "string" ? place.split("|").filter(Boolean) : ns;
    const blocks = new MessageBlocks(typeof id === "string" ? id : String(m));
    const open: OpenMessage = {
      namespace,
      node: typeof node === "string" ? node : undefined,
      blocks,
    };
    const drafts = this.#finish(
      ({ namespace: other, blocks: said }) => said.isComplete && keyOf(other) === keyOf(namespace),
    );
    drafts.push(...this.#lifecycles.seen(namespace));
    drafts.push(...said(open, [...blocks.start(message, metadata), ...blocks.add(message)]));
    if (type === "AIMessageChunk") this.#messages.set(m, open);
    else drafts.push(...said(open, blocks.finish()));
    return drafts;
  }

  #more(m: number, add: (blocks: MessageBlocks) => JsonObject[]): Draft[] {
    const open = this.#messages.get(m);
    return open ? said(open, add(open.blocks)) : [];
  }

  #finish(isOver: (open: OpenMessage) => boolean): Draft[] {
    return [...this.#messages].flatMap(([m, open]) => {
      if (!isOver(open)) return [];
      this.#messages.delete(m);
      return said(open, open.blocks.finish());
    });
  }

  #updates({ ns, data }: Event<"updates">): Draft[] {
    this.#update = data;
    const updates = Object.entries(isJsonObject(data) ? data : {});
    return updates.flatMap(([node, values]) => {
      if (node === "__interrupt__") return this.#requests(ns, values);
      const drafts = this.#finish(({ namespace }) => isOfNode(namespace, ns, node));
      const held = isJsonObject(values) ? values : { value: values };
      this.#tools.note(held["messages"]);
      return [
        ...drafts,
        ...this.#lifecycles.seen(ns),
        { method: "updates", namespace: ns, node, data: { node, values: held } },
      ];
    });
  }

  #requests(namespace: string[], interrupts: Json): Draft[] {
    this.#isInterrupted = true;
    return (Array.isArray(interrupts) ? interrupts : []).flatMap((interrupt): Draft[] => {
      if (!isJsonObject(interrupt)) return [];
      const { id, value } = interrupt;
      if (typeof id !== "string" || this.#asked.has(id)) return [];
      this.#asked.add(id);
      const data = { interrupt_id: id, payload: value ?? null };
      return [{ method: "input.requested", channel: "input", namespace, data }];
    });
  }

  #checkpoint(event: Event<"checkpoint">): Draft[] {
    const { ns, keys, checkpoint_id, parent_id, metadata } = event;
    this.#checkpoints.set(keyOf(ns), event);
    const { step, source } = isJsonObject(metadata) ? metadata : {};
    const envelope = {
      id: checkpoint_id,
      ...(parent_id === null ? {} : { parent_id }),
      step: step ?? -1,
      source: source ?? "loop",
    };
    const drafts = this.#lifecycles.seen(ns);
    drafts.push({ method: "checkpoints", namespace: ns, data: envelope });
    if (keys === null) return drafts;
    const values = async () => pick(await this.#readers.state(event), keys);
    return [...drafts, { method: "values", namespace: ns, data: values }];
  }

  #inline({ ns, data }: Event<"inline">): Draft[] {
    const { __interrupt__: interrupts, ...values } = isJsonObject(data) ? data : {};
    const drafts = this.#lifecycles.seen(ns);
    if (interrupts !== undefined) drafts.push(...this.#requests(ns, interrupts));
    if (Object.keys(values).length > 0)
      drafts.push({ method: "values", namespace: ns, data: values });
    return drafts;
  }

  #task({ ns, id, name, input, triggers, interrupts, metadata }: Event<"task">): Draft[] {
    const given = "value" in input ? input.value : null;
    this.#lifecycles.note(ns, { id, name, input: given, ...(metadata ? { metadata } : {}) });
    const at = this.#checkpoints.get(keyOf(ns));
    const data = async (): Promise<Json> => ({
      id,
      name,
      input:
        "value" in input
          ? input.value
          : (pick(at && (await this.#readers.state(at)), input.keys) ?? null),
      triggers,
      interrupts,
      ...(metadata === undefined ? {} : { metadata }),
    });
    return [...this.#lifecycles.seen(ns), { method: "tasks", namespace: ns, data }];
  }

  #taskResult({ ns, id, name, result, interrupts }: Event<"task_result">): Draft[] {
    const said = isJsonObject(this.#update) ? (this.#update[name] ?? {}) : {};
    const namespace = [...ns, `${name}:${id}`];
    const isAsking = Array.isArray(interrupts) && interrupts.length > 0;
    return [
      ...this.#finish((open) => startsWith(open.namespace, namespace)),
      { method: "tasks", namespace: ns, data: { id, name, result: result ?? said, interrupts } },
      ...this.#lifecycles.end(namespace, isAsking ? "interrupted" : "completed"),
    ];
  }

  #custom({ ns, data }: Event<"custom">): Draft[] {
    const name = isJsonObject(data) ? data["name"] : undefined;
    return [
      ...this.#lifecycles.seen(ns),
      {
        method: "custom",
        ...(typeof name === "string" ? { channel: `custom:${name}` } : {}),
        namespace: ns,
        data: name === undefined ? { payload: data } : data,
      },
    ];
  }

  #tool({ ns, data }: Event<"tool">): Draft[] {
    const payload = this.#tools.payload(data);
    if (!payload) return [];
    return [...this.#lifecycles.seen(ns), { method: "tools", namespace: ns, data: payload }];
  }

  #end(status: RunStatus): Draft[] {
    const drafts = this.#finish(() => true);
    const outcome = this.#statusOf(status);
    const error = outcome === "failed" ? { error: this.#error ?? status } : {};
    return [...drafts, ...this.#lifecycles.finish(outcome, error)];
  }

  #statusOf(status: RunStatus): AgentStatus {
    if (status === "error" || status === "timeout") return "failed";
    return status === "interrupted" || this.#isInterrupted ? "interrupted" : "completed";
  }
}

const said = ({ namespace, node }: OpenMessage, payloads: JsonObject[]): Draft[] =>
  payloads.map((data) => ({
    method: "messages",
    namespace,
    ...(node === undefined ? {} : { node }),
    data,
  }));

const keyOf = (namespace: readonly string[]): string => namespace.join("|");

const startsWith = (namespace: readonly string[], prefix: readonly string[]): boolean =>
  prefix.every((part, index) => namespace[index] === part);

const isOfNode = (namespace: readonly string[], parent: readonly string[], node: string): boolean =>
  startsWith(namespace, parent) && (namespace[parent.length] ?? "").startsWith(`${node}:`);

function pick(state: JsonObject | undefined, keys: readonly string[]): JsonObject | undefined {
  if (!state) return undefined;
  return Object.fromEntries(
    keys.flatMap((key) => (key in state ? [[key, state[key] ?? null]] : [])),
  );
}
