import { AppError } from "../../core/errors.ts";
import { given } from "../../core/given.ts";
import { newId } from "../../core/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import type { User } from "../../domain/actor.ts";
import type { Assistant } from "../../domain/assistant.ts";
import {
  timeoutMsOf,
  type MultitaskStrategy,
  type Run,
  type RunCommand,
  type RunKwargs,
  type StreamMode,
} from "../../domain/run.ts";
import type { Thread } from "../../domain/thread.ts";
import { withMessageIds } from "./message-ids.ts";

/** What a client asks for when it starts a run. */
export interface CreateRun {
  /** Undefined for a stateless run, which gets a thread of its own. */
  thread_id?: string | undefined;
  assistant_id: string;
  input?: Json | undefined;
  command?: RunCommand | null | undefined;
  config?: JsonObject | undefined;
  context?: JsonObject | undefined;
  metadata?: JsonObject | undefined;
  checkpoint?: JsonObject | undefined;
  interrupt_before?: string[] | "*" | undefined;
  interrupt_after?: string[] | "*" | undefined;
  stream_mode: StreamMode[];
  stream_subgraphs: boolean;
  multitask_strategy: MultitaskStrategy;
  on_disconnect: "cancel" | "continue";
  on_completion: "delete" | "keep";
  if_not_exists: "create" | "reject";
  after_seconds?: number | undefined;
  durability: RunKwargs["durability"];
  /** The id the run shall have, for a creation that may be tried again. */
  run_id?: string | undefined;
  webhook?: string | undefined;
  /** Request headers for the run's configurable; the thread does not keep them. */
  headers?: JsonObject | undefined;
  /** Ends the run with an error when its resume does not fit what waits for an answer. */
  strict_resume?: boolean | undefined;
  /** What users are to say of it, and how they call this server. */
  feedback?: { keys: string[]; origin: string } | undefined;
}

/** Refuses a time limit that is none. */
export function checkTimeout(config: JsonObject = {}): void {
  if ((config["timeout"] ?? null) !== null && timeoutMsOf(config) === undefined)
    throw new AppError("validation", "config.timeout: expected milliseconds, a number above 0");
}

/** A run as it is stored, with the configs of assistant, thread and client merged. */
export function newRun(from: {
  input: CreateRun;
  assistant: Assistant;
  thread: Thread | undefined;
  now: number;
  user: User | null;
}): Run {
  const { input, assistant, thread, now, user } = from;
  const headers = input.headers ? { configurable: input.headers } : {};
  const config = mergeConfigs(assistant.config, thread?.config ?? {}, input.config ?? {}, headers);
  const context = { ...assistant.context, ...input.context };
  const createdAt = now + (input.after_seconds ?? 0) * 1000;
  return {
    run_id: input.run_id ?? newId(),
    thread_id: input.thread_id ?? newId(),
    assistant_id: assistant.assistant_id,
    graph_id: assistant.graph_id,
    status: "pending",
    metadata: {
      ...assistant.metadata,
      ...thread?.metadata,
      ...input.metadata,
      assistant_id: assistant.assistant_id,
    },
    kwargs: {
      ...newKwargs(input, {
        config,
        context: Object.keys(context).length > 0 ? context : null,
      }),
      ...(user ? { user } : {}),
      ...answersOf(input, thread),
    },
    multitask_strategy: input.multitask_strategy,
    created_at: createdAt,
    updated_at: createdAt,
    epoch: 0,
    crashes: 0,
    cancel: null,
    error: null,
    spent_ms: 0,
    end_checkpoint_id: null,
    end_interrupts: null,
  };
}

/** What an answer that names no question is an answer to: what its giver can have seen. */
function answersOf(
  { command, checkpoint }: CreateRun,
  thread: Thread | undefined,
): Pick<RunKwargs, "answers"> {
  if (command?.resume === undefined || checkpoint?.["checkpoint_id"] !== undefined) return {};
  const waiting = Object.values(thread?.interrupts ?? {}).flat();
  const ids = waiting.flatMap((one) => {
    const id = isJsonObject(one) ? one["id"] : undefined;
    return typeof id === "string" ? [id] : [];
  });
  return ids.length > 0 ? { answers: ids } : {};
}

const newKwargs = (input: CreateRun, merged: Pick<RunKwargs, "config" | "context">): RunKwargs => ({
  input: withMessageIds(input.input ?? null),
  // A command that says nothing leaves the input in force, and any other wins over it.
  command: input.command && Object.keys(given(input.command)).length > 0 ? input.command : null,
  ...merged,
  checkpoint: input.checkpoint ?? null,
  interrupt_before: input.interrupt_before ?? null,
  interrupt_after: input.interrupt_after ?? null,
  stream_mode: input.stream_mode,
  stream_subgraphs: input.stream_subgraphs,
  durability: input.durability,
  on_disconnect: input.on_disconnect,
  temporary: input.thread_id === undefined && input.on_completion === "delete",
  ...(input.webhook === undefined ? {} : { webhook: input.webhook }),
  ...(input.strict_resume ? { strict_resume: true } : {}),
});

/** Keys of a configurable that hold for one run only: its place in the history. */
const OF_ONE_RUN = new Set(["checkpoint_id", "checkpoint_ns", "checkpoint_map"]);

/** What a thread keeps of a run's configurable: all but its place in the history and its request. */
export function lastingConfig({ kwargs }: Run, headers: JsonObject = {}): JsonObject {
  const { configurable } = kwargs.config;
  const entries = Object.entries(isJsonObject(configurable) ? configurable : {});
  return {
    configurable: Object.fromEntries(
      entries.filter(([key]) => !OF_ONE_RUN.has(key) && !Object.hasOwn(headers, key)),
    ),
  };
}

/** What LangGraph passes its own machinery under, and the server who a run is for: not for clients to say. */
const RESERVED = /^(__|langgraph_auth_)/;

/** Later configs win key by key, and their configurable is merged key by key too. */
function mergeConfigs(...configs: JsonObject[]): JsonObject {
  const configurable = configs
    .map((config) => config["configurable"])
    .filter((part) => isJsonObject(part));
  const merged = Object.entries<Json>(Object.assign({}, ...configurable));
  const own = merged.filter(([key]) => !RESERVED.test(key));
  return { ...Object.assign({}, ...configs), configurable: Object.fromEntries(own) };
}
