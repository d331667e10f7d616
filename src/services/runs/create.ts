import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
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
import type { AcceptedRun } from "../../storage/ports.ts";
import { checkWebhook } from "../maintenance/check-webhook.ts";
import { allowedToCreate } from "../access.ts";
import { assistantToRun } from "../assistants/find.ts";
import { defaultTtl, newThread } from "../threads/create.ts";
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
}

/** Accepts a run: when this resolves it is stored with all it needs, and a worker knows of it. */
export async function createRun(ctx: Context, asked: CreateRun): Promise<Run> {
  checkWebhook(ctx, asked.webhook);
  const { filter: access, metadata } = await allowedToCreate(
    ctx,
    "threads:create_run",
    deed(asked),
  );
  const input = { ...asked, metadata };
  const assistant = await assistantToRun(ctx, input);
  await ctx.graphs.check(assistant.graph_id);
  const thread =
    input.thread_id === undefined
      ? undefined
      : await ctx.storage.threads.find(input.thread_id, access);
  checkTimeout(input.config);
  const run = newRun({ input, assistant, thread, now: ctx.clock.now(), user: ctx.actor.user });
  const makesThread = input.thread_id === undefined || input.if_not_exists === "create";
  const { cancelled, ended, claimed, ...accepted } = await accept(ctx, {
    run,
    ...(makesThread
      ? {
          create_thread: newThread({
            thread_id: run.thread_id,
            metadata,
            now: ctx.clock.now(),
            ttl: defaultTtl(ctx.settings),
          }),
        }
      : {}),
    thread_metadata: { graph_id: assistant.graph_id, assistant_id: assistant.assistant_id },
    thread_config: { configurable: lasting(run.kwargs.config["configurable"]) },
    max_pending: ctx.settings.max_pending_runs,
    access,
  });
  for (const runId of cancelled)
    ctx.workers.cancel(runId, input.multitask_strategy === "rollback" ? "rollback" : "interrupt");
  for (const runId of ended) ctx.bus.publish(runId, []);
  if (!claimed) ctx.workers.wake([run.run_id]);
  ctx.bus.announce(run.thread_id);
  return accepted.run;
}

/** Stores the run; an idle worker has it from the same commit, and need not look for it. */
async function accept(
  ctx: Context,
  input: Parameters<Context["storage"]["runs"]["accept"]>[0],
): Promise<AcceptedRun> {
  const place = input.run.created_at <= ctx.clock.now() ? ctx.workers.offer() : undefined;
  let accepted: AcceptedRun | undefined;
  try {
    accepted = await ctx.storage.runs.accept({ ...input, ...(place && { worker: place.terms }) });
    return accepted;
  } finally {
    place?.take(accepted?.claimed);
  }
}

/** A new run as auth handlers see it. */
function deed({ metadata, ...asked }: CreateRun) {
  const { thread_id, assistant_id, run_id, multitask_strategy, if_not_exists, after_seconds } =
    asked;
  const { input, command, config, context, checkpoint, webhook } = asked;
  return {
    thread_id,
    assistant_id,
    run_id,
    status: "pending",
    metadata,
    multitask_strategy,
    if_not_exists,
    after_seconds,
    kwargs: { input, command, config, context, checkpoint, webhook },
  };
}

function checkTimeout(config: JsonObject = {}): void {
  if ((config["timeout"] ?? null) !== null && timeoutMsOf(config) === undefined)
    throw new AppError("validation", "config.timeout: expected milliseconds, a number above 0");
}

function newRun(from: {
  input: CreateRun;
  assistant: Assistant;
  thread: Thread | undefined;
  now: number;
  user: User | null;
}): Run {
  const { input, assistant, thread, now, user } = from;
  const config = mergeConfigs(assistant.config, thread?.config ?? {}, input.config ?? {});
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

const newKwargs = (input: CreateRun, merged: Pick<RunKwargs, "config" | "context">): RunKwargs => ({
  input: withMessageIds(input.input ?? null),
  command: input.command ?? null,
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
});

/** Keys of a configurable that hold for one run only: its place in the history. */
const OF_ONE_RUN = new Set(["checkpoint_id", "checkpoint_ns", "checkpoint_map"]);

/** What a thread keeps of a run's configurable. */
const lasting = (configurable: Json | undefined): JsonObject =>
  Object.fromEntries(
    Object.entries(isJsonObject(configurable) ? configurable : {}).filter(
      ([key]) => !OF_ONE_RUN.has(key),
    ),
  );

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
