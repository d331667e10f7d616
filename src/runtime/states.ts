import type { RunnableConfig } from "@langchain/core/runnables";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";
import type { StateSnapshot } from "@langchain/langgraph";
import { AppError } from "../core/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts";
import type { StateAddress, States, Superstep } from "../context.ts";
import type { Thread, ThreadInterrupts } from "../domain/thread.ts";
import type { Storage } from "../storage/ports.ts";
import type { Clock } from "../core/clock.ts";
import { bindGraph } from "./bind-graph.ts";
import { commandOf } from "./command.ts";
import type { Graph, GraphLoader } from "./load-graphs.ts";
import { toJson } from "./wire.ts";

const EMPTY = {
  values: {},
  next: [],
  tasks: [],
  metadata: {},
  created_at: null,
  checkpoint: null,
  parent_checkpoint: null,
};

interface Parts {
  loader: GraphLoader;
  storage: Storage;
  saver: BaseCheckpointSaver;
  clock: Clock;
}

/** Reads and writes the states of threads through their graphs. */
export class GraphStates implements States {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async get(address: StateAddress, options: { subgraphs: boolean }): Promise<JsonObject> {
    const graph = await this.#graph(address.thread);
    if (!graph) return { ...EMPTY };
    return threadState(await graph.getState(configOf(address), options));
  }

  async history(
    address: StateAddress,
    query: { limit: number; before?: string | undefined; metadata?: JsonObject | undefined },
  ): Promise<JsonObject[]> {
    const graph = await this.#graph(address.thread);
    if (!graph) return [];
    const { limit, before, metadata } = query;
    const states: JsonObject[] = [];
    const options = {
      limit,
      ...(before === undefined ? {} : { before: { configurable: { checkpoint_id: before } } }),
      ...(metadata === undefined ? {} : { filter: metadata }),
    };
    for await (const snapshot of graph.getStateHistory(configOf(address), options))
      states.push(threadState(snapshot));
    return states;
  }

  async update(
    address: StateAddress,
    change: { values: Json; as_node?: string | undefined },
  ): Promise<JsonObject> {
    const { values, as_node } = change;
    const graph = await this.#graphToWrite(address.thread);
    const config = await refusable(graph.updateState(configOf(address), values, as_node));
    await this.#settle(graph, address.thread);
    return { checkpoint: checkpointOf(config) };
  }

  async bulk(thread: Thread, supersteps: readonly Superstep[]): Promise<void> {
    const graph = await this.#graphToWrite(thread);
    const steps = supersteps.map(({ updates }) => ({
      updates: updates.map(({ values, command, as_node }) => ({
        values: command ? commandOf(command) : (values ?? null),
        ...(as_node === undefined ? {} : { asNode: as_node }),
      })),
    }));
    await refusable(graph.bulkUpdateState(configOf({ thread }), steps));
    await this.#settle(graph, thread);
  }

  async values(threadId: string, checkpointId?: string): Promise<Json> {
    const tuple = await this.#parts.saver.getTuple({
      configurable: {
        thread_id: threadId,
        checkpoint_ns: "",
        ...(checkpointId === undefined ? {} : { checkpoint_id: checkpointId }),
      },
    });
    return tuple ? stateValues(tuple.checkpoint.channel_values) : null;
  }

  async #graphToWrite(thread: Thread): Promise<Graph> {
    const graph = await this.#graph(thread);
    if (graph) return graph;
    throw new AppError(
      "bad_request",
      `Thread ${thread.thread_id} has no graph: run one on it first, or create it with metadata.graph_id`,
    );
  }

  /** Gives the thread the status that its newest state says. */
  async #settle(graph: Graph, thread: Thread): Promise<void> {
    const snapshot = await graph.getState(configOf({ thread }));
    await this.#parts.storage.threads.settle(thread.thread_id, {
      rest_status: isWaiting(snapshot) ? "interrupted" : "idle",
      interrupts: interruptsOf(snapshot),
      metadata: {},
      now: this.#parts.clock.now(),
    });
  }

  /** The graph last run on the thread, or undefined when there was none. */
  async #graph(thread: Thread): Promise<Graph | undefined> {
    const graphId = thread.metadata["graph_id"];
    if (typeof graphId !== "string") return undefined;
    const { configurable } = configOf({ thread });
    return bindGraph(await this.#parts.loader.get(graphId, { configurable }), this.#parts);
  }
}

/** LangChain gives a code to what is wrong with a value it was handed. */
const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && ("lc_error_code" in error || error.name === "ZodError");

/** Rejects with a refusal where LangGraph says what is wrong with the values it was given. */
async function refusable<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw isRefusal(error) ? new AppError("validation", error.message, { cause: error }) : error;
  }
}

function configOf({ thread, checkpoint }: StateAddress): { configurable: Record<string, unknown> } {
  const kept = thread.config["configurable"];
  return {
    configurable: {
      ...(isJsonObject(kept) ? kept : {}),
      thread_id: thread.thread_id,
      checkpoint_ns: checkpoint?.checkpoint_ns ?? "",
      checkpoint_id: checkpoint?.checkpoint_id,
    },
  };
}

/** Channels that LangGraph itself keeps beside those of the state. */
const isInternal = (channel: string): boolean =>
  channel.startsWith("__") || channel.startsWith("branch:") || channel.startsWith("join:");

/** The channel values that belong to the state of a graph. */
export function stateValues(channels: Record<string, unknown>, keys?: readonly string[]): Json {
  const names = keys ?? Object.keys(channels).filter((name) => !isInternal(name));
  return toJson(Object.fromEntries(names.map((name) => [name, channels[name]])));
}

/** Whether there is more to do; a task that failed once and asks now is not among `next`. */
export const isWaiting = (snapshot: StateSnapshot): boolean =>
  snapshot.next.length > 0 || snapshot.tasks.some((task) => task.interrupts.length > 0);

/** Interrupts that wait for an answer, by task. */
export function interruptsOf(snapshot: StateSnapshot): ThreadInterrupts {
  const waiting = snapshot.tasks.filter((task) => task.interrupts.length > 0);
  // Interrupts are { id, value } with a JSON value.
  return Object.fromEntries(waiting.map((task) => [task.id, toJson(task.interrupts) as Json[]]));
}

function threadState(snapshot: StateSnapshot): JsonObject {
  return {
    values: toJson(snapshot.values),
    next: snapshot.next,
    tasks: snapshot.tasks.map((task) => ({
      id: task.id,
      name: task.name,
      error: errorText(task.error),
      interrupts: toJson(task.interrupts),
      checkpoint: task.state && "configurable" in task.state ? checkpointOf(task.state) : null,
      state: task.state && "values" in task.state ? threadState(task.state) : null,
      ...("result" in task && task.result !== undefined ? { result: toJson(task.result) } : {}),
    })),
    metadata: toJson(snapshot.metadata ?? {}),
    created_at: snapshot.createdAt ?? null,
    checkpoint: snapshot.createdAt === undefined ? null : checkpointOf(snapshot.config),
    parent_checkpoint: snapshot.parentConfig ? checkpointOf(snapshot.parentConfig) : null,
  };
}

function errorText(error: unknown): string | null {
  if (error === undefined || error === null) return null;
  if (typeof error === "string") return error;
  return typeof error === "object" && "message" in error
    ? String(error.message)
    : JSON.stringify(error);
}

function checkpointOf(config: RunnableConfig): JsonObject {
  const { thread_id, checkpoint_id, checkpoint_ns, checkpoint_map } = config.configurable ?? {};
  return {
    thread_id: String(thread_id),
    checkpoint_id: checkpoint_id === undefined ? null : String(checkpoint_id),
    checkpoint_ns: String(checkpoint_ns ?? ""),
    ...(checkpoint_map ? { checkpoint_map: toJson(checkpoint_map) } : {}),
  };
}
