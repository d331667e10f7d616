import { z } from "zod";
import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { MULTITASK_STRATEGIES, type RunCommand } from "../../domain/run.ts";
import type { Thread } from "../../domain/thread.ts";
import { createRun } from "../../services/runs/create.ts";
import { getThread } from "../../services/threads/find.ts";
import { json, jsonObject } from "../schemas.ts";

const params = z.object({
  assistant_id: z.string().min(1).max(200),
  input: json.optional(),
  config: jsonObject.nullish(),
  context: jsonObject.nullish(),
  metadata: jsonObject.nullish(),
  multitaskStrategy: z.enum(MULTITASK_STRATEGIES).nullish().catch(undefined),
});

/** Where a command acts, and the id that a run it starts shall have. */
export interface Place {
  thread_id: string;
  run_id?: string;
}

/** `run.start`: a new run, or the answer to what the thread waits for. */
export async function startRun(ctx: Context, place: Place, raw: unknown): Promise<Json> {
  const { input = null, ...asked } = params.parse(raw);
  const thread = await findThread(ctx, place.thread_id);
  const isAnswer = input !== null && thread !== undefined && waitsFor(thread).length > 0;
  return startOnThread(ctx, place, {
    ...asked,
    ...(isAnswer ? { command: { resume: input } } : { input }),
  });
}

interface Start {
  assistant_id: string;
  input?: Json;
  command?: RunCommand;
  config?: JsonObject | null | undefined;
  context?: JsonObject | null | undefined;
  metadata?: JsonObject | null | undefined;
  multitaskStrategy?: (typeof MULTITASK_STRATEGIES)[number] | null | undefined;
  checkpoint_id?: string;
}

/** Starts a run as the protocol does: on a thread that may be new, and streamed with all its subgraphs. */
export async function startOnThread(
  ctx: Context,
  place: Place,
  { config, context, metadata, multitaskStrategy, checkpoint_id, ...start }: Start,
): Promise<{ run_id: string }> {
  const { run_id } = await createRun(ctx, {
    ...start,
    ...place,
    config: config ?? undefined,
    context: context ?? undefined,
    metadata: metadata ?? undefined,
    checkpoint: checkpoint_id === undefined ? undefined : { checkpoint_id },
    stream_mode: ["values"],
    stream_subgraphs: true,
    multitask_strategy: multitaskStrategy ?? "enqueue",
    on_disconnect: "continue",
    on_completion: "keep",
    if_not_exists: "create",
    durability: "sync",
  });
  return { run_id };
}

/** The ids of the interrupts that a thread waits for answers to. */
export function waitsFor({ status, interrupts }: Thread): string[] {
  if (status === "busy" || status === "idle") return [];
  return Object.values(interrupts)
    .flat()
    .flatMap((interrupt) => z.object({ id: z.string() }).safeParse(interrupt).data?.id ?? []);
}

/** A thread, or undefined for one that the actor cannot see or that is not there yet. */
export async function findThread(ctx: Context, thread_id: string): Promise<Thread | undefined> {
  try {
    return await getThread(ctx, { thread_id });
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
